"""`tierwatch notify`: test where alerts are sent, see what waits, send again what failed."""

import os

import click

from tierwatch.command.terminal import ends_in_a_sentence, say

# Who tests or retries by the command line, in the audit.
_ACTOR = "command line"


@click.group("notify")
def command() -> None:
    """Where alerts are sent, and whether they arrive."""


@command.command("test")
@ends_in_a_sentence
def test() -> None:
    """Send a test event to every destination, and print what each answers.

    Needs tierwatch.yaml and the secrets it names, and no database. Exit code 1 when one of them
    did not take it.
    """
    from tierwatch.command.database import settings_here
    from tierwatch.config import load_config
    from tierwatch.runtime.notifier import build_tester

    settings = settings_here()
    trials = build_tester(settings, load_config(settings.config), os.environ)(_ACTOR)
    for trial in trials:
        say(f"{'ok    ' if trial.taken else 'failed'}  {trial.destination}: {trial.answer}")
    if not all(trial.taken for trial in trials):
        raise SystemExit(1)


@command.command("list")
@ends_in_a_sentence
def list_destinations() -> None:
    """Print how each destination does, and how much waits for it."""
    from tierwatch.command.database import opened_database, settings_here
    from tierwatch.store.pages.notifications import destination_lines

    with (
        opened_database(settings_here().database_url) as engine,
        engine.connect() as connection,
    ):
        lines = destination_lines(connection)
    if not lines:
        say("Nothing has been sent yet.")
    for line in lines:
        health = "ok" if line.failing_since is None else f"failing since {line.failing_since:%F %R}"
        last = f"; last answer: {line.answer}" if line.answer else ""
        say(f"{line.name}: {health}, {line.waiting} waiting, {line.failed} failed{last}")


@command.command("retry")
@click.option("--alert", type=click.IntRange(min=1), help="Only of this alert.")
@ends_in_a_sentence
def retry(alert: int | None) -> None:
    """Let events that failed wait again, to be sent by a worker at once."""
    from tierwatch.command.database import opened_database, settings_here
    from tierwatch.loop.notify.again import retry_deliveries

    with (
        opened_database(settings_here().database_url) as engine,
        engine.begin() as connection,
    ):
        count = retry_deliveries(connection, actor=_ACTOR, alert_id=alert)
    say(f"{count} {'event waits' if count == 1 else 'events wait'} to be sent again.")
