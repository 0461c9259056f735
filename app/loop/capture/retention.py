"""Retention: cut the coming months, drop those whose time is over, delete what is left over."""

import datetime as dt

from sqlalchemy import Engine, text

from tierwatch.store.outbox.events import drop_old_events
from tierwatch.store.sums.hours import fold_hours
from tierwatch.store.sums.prompt_versions import fold_prompt_versions
from tierwatch.store.traffic.media import delete_media
from tierwatch.store.traffic.partitions import FIGURE_TABLES, add_months
from tierwatch.store.traffic.retention import (
    BATCH,
    LEFTOVERS,
    MINUTES_KEPT,
    add_partitions,
    delete_leftovers,
    drop_figures,
    drop_partitions,
    figures_end,
    fold_rollups,
)

# Statements of one kind in a run; what is left over then is the next hour's.
_ROUNDS = 200

# The time in an exchange's id counts from here.
_FIRST_DAY = dt.date(1970, 1, 1)

# Rows of an hour that ended so long ago mark it as changed when they come, since four hours.
_HOURS_OPEN = dt.timedelta(hours=5)

# A month of deliveries answers "was I paged for that"; what nobody was notified of is asked later.
_DELIVERED_DAYS, _FAILED_DAYS = 30, 365


def retention(
    *,
    engine: Engine,
    keep_days: int,
    keep_figures_days: int,
    today: dt.date,
    keep_media_days: int = 7,
) -> tuple[list[str], list[str]]:
    """Make partitions ahead of time, drop whole months that are too old, delete leftovers.

    Each step is short and commits by itself: a worker that is stopped leaves the rest to the next.

    Args:
        engine: Postgres.
        keep_days: days for which texts are kept.
        keep_media_days: days for which images, audio and files are kept.
        keep_figures_days: days for which exchanges, verdicts and outcomes are kept.
        today: by the clock of Greenwich.

    Returns:
        Names of the partitions made, and of those dropped.
    """
    made: list[str] = []
    for table in FIGURE_TABLES:
        with engine.begin() as connection:
            # Whoever waits for a lock holds up those who come after.
            connection.execute(text("set local lock_timeout = '2s'"))
            made += add_months(connection, table, today)
    with engine.begin() as connection:
        made += add_partitions(connection, today)
        dropped = drop_partitions(connection, _before(today, keep_days))
    with engine.begin() as connection:
        drop_old_events(connection, delivered_days=_DELIVERED_DAYS, failed_days=_FAILED_DAYS)
    _delete_media(engine, _before(today, min(keep_media_days, keep_days)))
    oldest = _before(today, keep_figures_days)
    with engine.begin() as connection:
        if (end := figures_end(connection, oldest)) is not None:
            dropped += drop_figures(connection, end)
    _fold(engine, today)
    _add_up_hours(engine)
    with engine.begin() as connection:
        fold_prompt_versions(connection, today)
    for table in LEFTOVERS:
        _delete(engine, table, oldest)
    return made, dropped


def _before(today: dt.date, days: int) -> dt.date:
    """The day so many days ago; of numbers that mean "always" the first that ids can tell."""
    return today - dt.timedelta(days=min(days, (today - _FIRST_DAY).days))


def _delete_media(engine: Engine, before: dt.date) -> None:
    for _ in range(_ROUNDS):
        with engine.begin() as connection:
            if not delete_media(connection, before):
                return


def _fold(engine: Engine, today: dt.date) -> None:
    before = dt.datetime.combine(today, dt.time(), tzinfo=dt.UTC) - MINUTES_KEPT
    for _ in range(_ROUNDS):
        with engine.begin() as connection:
            if not fold_rollups(connection, before):
                return


def _add_up_hours(engine: Engine) -> None:
    before = dt.datetime.now(dt.UTC) - _HOURS_OPEN
    for _ in range(_ROUNDS):
        with engine.begin() as connection:
            if not fold_hours(connection, before):
                return


def _delete(engine: Engine, table: str, oldest: dt.date) -> None:
    for _ in range(_ROUNDS):
        with engine.begin() as connection:
            if delete_leftovers(connection, table, oldest) < BATCH:
                return
