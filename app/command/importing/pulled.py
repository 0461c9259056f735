"""One round of a pull, by the import's door: each page is stored before the next is asked for."""

import time
from collections.abc import Mapping, Sequence

from httpx import BaseTransport

from tierwatch.command.importing.opened import opened_importing
from tierwatch.command.importing.shown import became
from tierwatch.command.serve.serving_config import serving_config
from tierwatch.command.terminal import say
from tierwatch.config import Config
from tierwatch.config.watch import PullConfig
from tierwatch.dispatch import Dispatch
from tierwatch.errors import UsageError
from tierwatch.intake.pulling.asking import PullError
from tierwatch.intake.pulling.rounds import Pull, readings_of
from tierwatch.routing.config.reading.fields import read_seconds
from tierwatch.settings import Settings


def run_pull(
    source: str,
    since: str | None,
    *,
    settings: Settings,
    environ: Mapping[str, str],
    dispatch: Dispatch | None = None,
    transport: BaseTransport | None = None,
) -> None:
    """Fetch what is new.

    Args:
        source: of the pull.
        since: a duration: begin so long ago, whatever was fetched; None to go on.
        settings: of this process.
        environ: where secrets are found.
        dispatch: sends workers new exchanges; over the broker of the settings by default.
        transport: carries the requests; None for the network.

    Raises:
        UsageError: there is no such pull, or no such duration.
        SettingsError: the variable of a key is not set.
        DatabaseError: Postgres cannot be used; the next run goes on.
        PullError: the vendor refuses the key, or is away; the next run goes on.
    """
    config = serving_config(settings.config)
    asked = _asked(config, source)
    pull = Pull(asked, environ, settings.data_dir, transport=transport)
    if since is not None:
        pull.begun_again(_seconds(since))
    with opened_importing(
        source, settings, config, environ=environ, dispatch=dispatch
    ) as importing:

        def take(lines: Sequence[bytes]) -> None:
            importing.add(readings_of(asked.kind, lines, time.time()))
            importing.write()

        try:
            pull.round(take, pause=_pause)
        except PullError as problem:
            say(f"{source}: {became(importing)}")
            raise type(problem)(f"{source}: {problem}; what was fetched is kept") from problem
        say(f"{source}: {became(importing)}")


def _pause(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _asked(config: Config, source: str) -> PullConfig:
    for pull in config.intake.pulls:
        if pull.source == source:
            return pull
    names = ", ".join(pull.source for pull in config.intake.pulls)
    raise UsageError(
        f"found {source!r}; accepted a source under intake.pulls: {names or 'there is none'}"
    )


def _seconds(since: str) -> float:
    try:
        return read_seconds(since)
    except ValueError:
        raise UsageError(
            f"--since: found {since!r}; accepted a duration above zero, such as 12h or 30d"
        ) from None
