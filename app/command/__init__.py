"""The ``tierwatch`` command. Exit 0 success, 1 a failure of the work, 2 wrong use."""

import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import click

from tierwatch.errors import TierwatchError, UsageError
from tierwatch.settings import read_settings

# Celery's own lines say a task began and ended, twice a pair; what matters stands in Postgres.
# Workers do not talk among themselves: at start that waits for peers, later it is traffic.
_LONE = ("--without-gossip", "--without-mingle")
_QUIET = ("-l", "warning")
_P = ParamSpec("_P")
_ROLES = ("viewer", "reviewer", "approver", "admin")


def _said(work: Callable[_P, None]) -> Callable[_P, None]:
    """Turn an error of ours into one sentence on standard error and the right exit code."""

    @wraps(work)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            work(*args, **kwargs)
        except UsageError as problem:
            click.echo(str(problem), err=True)
            sys.exit(2)
        except TierwatchError as problem:
            click.echo(str(problem), err=True)
            sys.exit(1)

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tierwatch")
def main() -> None:
    """Watches an LLM router: finds misroutes and overspend, and proposes better thresholds."""


def _thresholds(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> dict[str, float]:
    """Read TIER=X pairs."""
    found = {}
    for pair in given:
        tier, _, number = pair.partition("=")
        try:
            found[tier.strip()] = float(number)
        except ValueError as problem:
            raise click.BadParameter(
                f"found {pair!r}; accepted is TIER=X, such as simple=0.6"
            ) from problem
    return found


def _recorded_behaviour(_context: click.Context, _option: click.Parameter, given: str) -> str:
    """Refuse what the recorded provider would not understand before anything is started."""
    if given == "{}":
        return given
    from dataclasses import fields

    from tierwatch.providers.recorded import RecordedOptions

    try:
        RecordedOptions(**json.loads(given))
    except UsageError as problem:
        raise click.BadParameter(str(problem)) from problem
    except (TypeError, ValueError) as problem:
        known = ", ".join(field.name for field in fields(RecordedOptions))
        raise click.BadParameter(f"accepted is a JSON object of {known}") from problem
    return given


def _replay_options(command: Callable[_P, None]) -> Callable[_P, None]:
    for option in reversed(
        (
            click.option("--config", type=click.Path(path_type=Path), help="A tierwatch.yaml."),
            click.option("--limit", type=click.IntRange(min=1), help="Replay the first N lines."),
            click.option(
                "--sample-rate", type=click.FloatRange(0, 1), help="Share of exchanges evaluated."
            ),
            click.option("--approve", is_flag=True, help="Accept each proposal as it appears."),
            click.option("--exit", "leave", is_flag=True, help="End when all work is finished."),
            click.option("--report", type=click.Path(path_type=Path), help="Write the report."),
            click.option("--port", type=click.IntRange(1, 65534), help="The gateway's port."),
            click.option(
                "--recorded",
                default="{}",
                callback=_recorded_behaviour,
                help="How the recorded provider behaves, as JSON: latency, faults, judge's noise.",
            ),
        )
    ):
        command = option(command)
    return command


@main.command()
@click.option("--traffic", type=click.Path(path_type=Path), help="Recorded traffic to replay.")
@_replay_options
@_said
def demo(traffic: Path | None, **options: Any) -> None:
    """Start everything, replay traffic through it, and show what it finds."""
    from tierwatch.command.demo import Replay, run_demo

    settings = read_settings()
    sys.exit(run_demo(Replay(traffic=traffic, **options), settings=settings, environ=os.environ))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@_replay_options
@_said
def replay(file: Path, **options: Any) -> None:
    """Replay FILE against the Postgres and Redis that the settings name."""
    from tierwatch.command.demo import Replay, run_replay

    settings = read_settings()
    sys.exit(run_replay(Replay(traffic=file, **options), settings=settings, environ=os.environ))


@main.command()
@_said
def up() -> None:
    """Start everything for live traffic: servers, gateway, workers, scheduler, dashboard."""
    from tierwatch.command.demo import run_up

    sys.exit(run_up(settings=read_settings(), environ=os.environ))


@main.command()
@_said
def gateway() -> None:
    """Serve the OpenAI-compatible gateway."""
    from tierwatch.command.processes import run_gateway

    run_gateway(read_settings(), os.environ)


@main.command()
@_said
def dashboard() -> None:
    """Serve the dashboard."""
    from tierwatch.command.processes import run_dashboard

    run_dashboard(read_settings())


@main.command()
@_said
def worker() -> None:
    """Run a worker of the evaluation plane."""
    settings = read_settings()
    _celery("worker", "-P", "threads", "-c", str(settings.worker_threads), *_LONE, *_QUIET)


@main.command()
@_said
def beat() -> None:
    """Run the scheduler; exactly one in a deployment."""
    _celery("beat", *_QUIET)


def _celery(*arguments: str) -> None:
    """Become Celery: the app never imports the workers."""
    os.execv(  # noqa: S606 - our own interpreter, our own arguments
        sys.executable, [sys.executable, "-P", "-m", "tierwatch_workers", *arguments]
    )


@main.command()
@_said
def migrate() -> None:
    """Bring the database's schema up to date."""
    from tierwatch.store.database import build_engine
    from tierwatch.store.database import migrate as bring_up_to_date

    engine = build_engine(read_settings().database_url)
    bring_up_to_date(engine)
    engine.dispose()
    click.echo("schema up to date")


@main.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("tierwatch.yaml"))
@_said
def check(file: Path) -> None:
    """Say whether FILE is a configuration we accept, and what it means."""
    from tierwatch.config import load_config
    from tierwatch.routing.config.prices import price_words

    config = load_config(file)
    click.echo(f"{file}: accepted")
    for tier in config.tiers:
        threshold = config.initial_policy.thresholds.get(tier.name)
        kept = "takes what no other tier keeps" if threshold is None else f"keeps from {threshold}"
        places = ", ".join(dict.fromkeys(place.provider for place in tier.served_at()))
        click.echo(f"  {tier.name}: {tier.model} at {places or 'no provider yet'}, {kept}")
    for key, priced in config.prices.items():
        click.echo(f"  {key}: {price_words(priced)}")
    for missing in config.missing_providers:
        click.echo(f"  no provider for {missing}: add one under `providers` before `tierwatch up`")
    if config.evaluation.judge is None:
        click.echo("  no judge: add evaluation.judge before `tierwatch up`")


@main.command()
@_said
def doctor() -> None:
    """Look at everything a running tierwatch needs, and say what is wrong."""
    from tierwatch.command.processes import examine

    findings = examine(read_settings(), os.environ)
    for finding in findings:
        word = "FAIL" if not finding.ok else "warn" if finding.warning else "ok  "
        click.echo(f"{word} {finding.what}: {finding.detail}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


@main.command()
@click.option("--quick", is_flag=True, help="Fewer runs, under a minute, with wider error bars.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@_said
def simulate(*, quick: bool, as_json: bool) -> None:
    """Measure false alarms, delay, coverage and guarantees of the installed code."""
    from tierwatch.command.simulate import run_simulate

    sys.exit(run_simulate(read_settings(), quick=quick, as_json=as_json))


@main.command()
@click.option(
    "--teacher",
    type=click.Choice(["static", "words", "none"]),
    default="static",
    show_default=True,
    help="Who teaches first: words with sentence embeddings (extra train), words alone, nobody.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    help="Pairs of each boundary, the newest.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
@click.option("--from", "file", type=click.Path(path_type=Path), help="Recorded traffic.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for its models.")
@_said
def train(**asked: Any) -> None:
    """Fit the local classifier anew, with a teacher; propose it where it is shown to be better."""
    from tierwatch.command.train import Asked, run_train

    sys.exit(run_train(read_settings(), Asked(**asked)))


@main.command("replay-policy")
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    required=True,
    metavar="TIER=X",
    callback=_thresholds,
    help="A threshold to try, such as simple=0.6; may be given for several tiers.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
@_said
def replay_policy(*, thresholds: dict[str, float], as_json: bool) -> None:
    """Score thresholds on the pairs judged so far, beside those in force. Changes nothing."""
    from tierwatch.command.show import show_replay
    from tierwatch.loop.improve.replay_policy import replay_document, replay_thresholds
    from tierwatch.store.database import build_engine

    engine = build_engine(read_settings().database_url)
    try:
        with engine.connect() as connection:
            found = replay_document(replay_thresholds(connection, thresholds))
    finally:
        engine.dispose()
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        show_replay(found)


@main.command()
@click.option("--rebuild", is_flag=True, help="Build them of the newest judged prompts first.")
@click.option("--off", is_flag=True, help="Put none in force.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@_said
def types(*, rebuild: bool, off: bool, as_json: bool) -> None:
    """Show the task types in force: size, misroute and overspend rates, own thresholds."""
    from tierwatch.command.show_types import run_types

    if rebuild and off:
        raise UsageError("found --rebuild and --off; accepted is one of them")
    run_types(read_settings(), rebuild=rebuild, off=off, as_json=as_json)


@main.command(hidden=True)
@click.option("--traffic", type=click.Path(path_type=Path), required=True)
@click.option("--port", type=int, required=True)
@click.option("--options", default="{}", help="RecordedOptions as JSON.")
@_said
def recorded(traffic: Path, port: int, options: str) -> None:
    """Serve recorded traffic as a provider; the configuration names the tiers' models."""
    from tierwatch.command.processes import run_recorded

    run_recorded(read_settings(), traffic, port=port, options=json.loads(options))


@main.group()
def users() -> None:
    """People who may enter the dashboard."""


@users.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), default="viewer", show_default=True)
@_said
def add_user(name: str, role: str) -> None:
    """Add NAME and print a one-time password."""
    from tierwatch.command.processes import new_user

    click.echo(f"{name} ({role}), one-time password: {new_user(read_settings(), name, role)}")


@main.group()
def tokens() -> None:
    """Bearer tokens of the JSON API."""


@tokens.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), default="viewer", show_default=True)
@_said
def add_token(name: str, role: str) -> None:
    """Add a token called NAME and print it; it is shown once."""
    from tierwatch.command.processes import new_token

    click.echo(new_token(read_settings(), name, role))
