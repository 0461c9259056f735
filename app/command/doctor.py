"""`tierwatch doctor`: everything a running tierwatch needs, and what is wrong with it."""

import datetime as dt
import os
import sys

import click

from tierwatch.command.terminal import ends_in_a_sentence, say
from tierwatch.settings import Settings


@click.command("doctor")
@click.option("--dead-letters", is_flag=True, help="List what could not be stored, and why.")
@click.option("--call", is_flag=True, help="Call each model and the judge once; costs a little.")
@click.option("--put-back", is_flag=True, help="Try again to store what could not be stored.")
@ends_in_a_sentence
def command(*, dead_letters: bool, call: bool, put_back: bool) -> None:
    """Look at everything a running tierwatch needs, and say what is wrong.

    Beside `tierwatch up` it looks at the servers and ports of that one.
    """
    from tierwatch.command.database import settings_here

    settings = settings_here()
    if dead_letters:
        from tierwatch.command.examine import letter_lines

        for line in letter_lines(settings):
            say(line)
    if put_back:
        sys.exit(0 if _put_back(settings) == 0 else 1)
    if not dead_letters:
        _examine(settings, call=call)


def _put_back(settings: Settings) -> int:
    """Put letters back; gives how many are left."""
    from tierwatch.command.examine import put_back
    from tierwatch.dispatch import CeleryDispatch
    from tierwatch.store.database import build_engine

    engine = build_engine(settings.database_url)
    try:
        done, left = put_back(settings, engine=engine, dispatch=CeleryDispatch(settings.broker))
    finally:
        engine.dispose()
    say(f"{done} put back, {left} left")
    return left


def _examine(settings: Settings, *, call: bool) -> None:
    from tierwatch.command.examine import findings
    from tierwatch.command.examining.calls import call_findings
    from tierwatch.command.examining.neighbours import neighbour_findings
    from tierwatch.command.examining.scores import score_findings

    found = [
        *findings(settings, os.environ),
        *neighbour_findings(settings, dt.datetime.now(dt.UTC)),
        *score_findings(settings),
        *(call_findings(settings, os.environ) if call else []),
    ]
    for finding in found:
        word = "FAIL" if not finding.ok else "warn" if finding.warning else "ok  "
        say(f"{word} {finding.what}: {finding.detail}")
    sys.exit(0 if all(finding.ok for finding in found) else 1)
