"""`tierwatch init`: write the first tierwatch.yaml."""

import os
import sys
import tempfile
from pathlib import Path

import click

from tierwatch.command.terminal import ends_in_a_sentence, say, say_error
from tierwatch.errors import ConfigError, UsageError


@click.command("init")
@click.argument(
    "file", type=click.Path(path_type=Path, dir_okay=False), default=Path("tierwatch.yaml")
)
@click.option(
    "--from-litellm",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Read the models of a LiteLLM proxy's config.yaml, and watch that proxy.",
)
@click.option("--tier", "tiers", multiple=True, help="NAME=MODEL, cheapest first; asks nothing.")
@click.option("--judge", default="", help="The model that judges; none of the tiers'.")
@click.option("--base-url", default="", help="One server with OpenAI's wire for all of them.")
@click.option("--key", default="", help="NAME of the environment variable that holds its key.")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="Share of materially worse answers that is accepted.",
)
@click.option(
    "--sample-rate",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Share of the traffic that is answered twice and judged.",
)
@click.option(
    "--budget",
    type=click.FloatRange(0, min_open=True),
    default=25.0,
    show_default=True,
    help="USD a day that watching may cost.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE without asking.")
@ends_in_a_sentence
def command(
    *,
    file: Path,
    from_litellm: Path | None,
    tiers: tuple[str, ...],
    judge: str,
    base_url: str,
    key: str,
    tolerance: float,
    sample_rate: float,
    budget: float,
    force: bool,
) -> None:
    """Write FILE (tierwatch.yaml), by asking or from options, and check it.

    A file that is there is overwritten only after a yes, or with --force.
    """
    from dataclasses import replace

    from tierwatch.command.setup.asking import asked_draft, drafted
    from tierwatch.command.setup.written import written

    notes: tuple[str, ...] = ()
    if from_litellm is not None:
        if tiers or base_url or key:
            raise UsageError(
                "--from-litellm names the models; --tier, --base-url and --key do not go with it"
            )
        from tierwatch.command.setup.litellm import carried

        found = carried(from_litellm, judge=judge)
        draft, notes = found.draft, found.notes
        draft = replace(
            draft, tolerance=tolerance, sample_rate=sample_rate, budget_usd_per_day=budget
        )
    elif tiers:
        draft = drafted(
            tiers,
            judge=judge,
            base_url=base_url,
            key=key,
            tolerance=tolerance,
            sample_rate=sample_rate,
            budget=budget,
        )
    elif sys.stdin.isatty():
        draft = asked_draft(tolerance=tolerance, sample_rate=sample_rate, budget=budget)
    else:
        raise UsageError(
            "nobody can be asked here; accepted --from-litellm, or --tier twice or more"
        )
    _may_write(file, force=force)
    _put(file, written(draft))
    for note in notes:
        say_error(f"not carried over: {note}")
    _say_next(file, [one.key for one in draft.providers if one.key], watches=bool(draft.aliases))


def _may_write(file: Path, *, force: bool) -> None:
    if not file.exists() or force:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{file} is there already; accepted another name, or --force")
    if not click.confirm(f"{file} is there already. Overwrite it?", default=False):
        raise UsageError(f"{file} was left as it is")


def _put(file: Path, text: str) -> None:
    """Write the file whole, once it is one that we accept."""
    from tierwatch.config import load_config

    folder = file.absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=folder, prefix=f".{file.name}.", delete=False
        ) as fresh:
            fresh.write(text)
    except OSError as problem:
        raise UsageError(
            f"{file}: {problem.strerror}; accepted a place that can be written"
        ) from None
    path = Path(fresh.name)
    try:
        load_config(path)
        path.chmod(0o644)
        path.replace(file)
    except ConfigError as problem:
        words = str(problem).replace(str(path), str(file))
        raise UsageError(f"nothing was written, for it would not be accepted:\n{words}") from None
    finally:
        path.unlink(missing_ok=True)


def _say_next(file: Path, keys: list[str], *, watches: bool) -> None:
    from tierwatch.command.setup.draft import INTAKE_KEY

    say(f"{file}: written and accepted")
    for name in dict.fromkeys(keys):
        if not os.environ.get(name):
            say(f"  set {name}")
    if watches:
        if not os.environ.get(INTAKE_KEY):
            say(f"  set {INTAKE_KEY}, for example to $(openssl rand -hex 16)")
        say("  name the callback to LiteLLM (docs/sources/litellm.md):")
        for line in _CALLBACK.splitlines():
            say(f"    {line}")
        say(f'  and start it with GENERIC_LOGGER_HEADERS="Authorization=Bearer ${INTAKE_KEY}"')
    say("  then: tierwatch up")


_CALLBACK = """\
litellm_settings:
  callbacks: ["tierwatch"]
callback_settings:
  tierwatch:
    callback_type: generic_api
    endpoint: http://127.0.0.1:8422/litellm
    headers: {X-From: litellm}
    max_retries: 5
    retry_delay: 1
"""
