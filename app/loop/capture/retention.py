"""Retention: cut the coming months of text, drop those whose time is over."""

import datetime as dt

from sqlalchemy import Engine

from tierwatch.store.outbox.events import drop_old_events
from tierwatch.store.traffic.retention import add_partitions, drop_leftovers, drop_partitions

# A month of deliveries answers "was I paged for that"; what nobody was notified of is asked later.
_DELIVERED_DAYS, _FAILED_DAYS = 30, 365


def retention(*, engine: Engine, keep_days: int, today: dt.date) -> tuple[list[str], list[str]]:
    """Make partitions ahead of time and drop whole months older than ``keep_days``.

    Figures, verdicts and outcomes stay: only texts have an end.

    Returns:
        Names of the partitions made, and of those dropped.
    """
    with engine.begin() as connection:
        made = add_partitions(connection, today)
        dropped = drop_partitions(connection, today - dt.timedelta(days=keep_days))
        drop_leftovers(connection)
        drop_old_events(connection, delivered_days=_DELIVERED_DAYS, failed_days=_FAILED_DAYS)
    return made, dropped
