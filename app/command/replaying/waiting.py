"""Waiting for the workers: their first checks before a replay, their last words after it."""

import time
from collections.abc import Callable

from sqlalchemy import Engine, TextClause, text

from tierwatch.command.terminal import say

EVERY_S = 0.2
# A set of anchors and probes is answered by the recorded provider within seconds; the schedule
# asks for it within five.
_CHECKED_WITHIN_S = 60.0
# Anchors and probes are asked anew for each alert.
_ATTRIBUTED_WITHIN_S = 120.0

_CHECKED = text(
    "select count(distinct (kind, subject)) from evalset_runs where ended_at is not null"
)
_UNATTRIBUTED = text(
    "select count(*) from alerts"
    " where kind = 'misroute' and attribution is null and state <> 'resolved'"
)


def await_first_checks(
    engine: Engine, *, subjects: int, tick: Callable[[], None], within_s: float = _CHECKED_WITHIN_S
) -> bool:
    """Wait until the judge has its first run of anchors and each tier its first run of probes.

    Later runs are compared with these. A replay takes a minute or less, so without waiting the
    first run would see the traffic's end, and an alert could not name a model that has changed.

    Args:
        engine: Postgres.
        subjects: how many have a first run: the judge and the tiers, as far as they are asked.
        tick: called in between.
        within_s: seconds after which it is given up.

    Returns:
        Whether all have one.
    """
    return _await(
        engine, lambda checked: checked >= subjects, of=_CHECKED, tick=tick, within_s=within_s
    )


def await_attribution(
    engine: Engine, *, tick: Callable[[], None], within_s: float = _ATTRIBUTED_WITHIN_S
) -> None:
    """Give the workers time to say of each misroute alert what has changed."""
    if not _await(
        engine, lambda waiting: not waiting, of=_UNATTRIBUTED, tick=tick, within_s=within_s
    ):
        say("some alerts are not attributed yet; see the worker's log")


def _await(
    engine: Engine,
    done: Callable[[int], bool],
    *,
    of: TextClause,
    tick: Callable[[], None],
    within_s: float,
) -> bool:
    """Ask the database until what it counts is ``done``; False when the time is up."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        tick()
        with engine.connect() as connection:
            if done(connection.execute(of).scalar_one()):
                return True
        time.sleep(EVERY_S)
    return False
