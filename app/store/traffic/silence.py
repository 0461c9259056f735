"""How long nothing has come: since when there is no traffic, and since when no verdict."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text

from tierwatch.store.traffic.exchanges import first_id

_DAY, _WEEK = dt.timedelta(days=1), dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class TrafficSilence:
    """The stretch since the last request, beside the same stretch of other days.

    Attributes:
        last: the last minute with a request.
        day_before: minutes with a request in the same stretch a day before.
        week_before: the same a week before; None where nothing is known of then.
    """

    last: dt.datetime
    day_before: int
    week_before: int | None


def traffic_silence(connection: Connection, now: dt.datetime) -> TrafficSilence | None:
    """The stretch since the last request; None before the first one."""
    bounds = connection.execute(
        text("select min(minute) as first, max(minute) as last from rollups where requests > 0")
    ).one()
    if bounds.last is None:
        return None

    def busy(before: dt.timedelta) -> int:
        count = connection.execute(
            text(
                "select count(distinct minute) from rollups"
                " where minute > :after and minute <= :until and requests > 0"
            ),
            {"after": bounds.last - before, "until": now - before},
        )
        return int(count.scalar_one())

    known = bounds.first <= bounds.last - _WEEK
    return TrafficSilence(bounds.last, busy(_DAY), busy(_WEEK) if known else None)


def minutes_with_traffic(connection: Connection, since: dt.datetime) -> int:
    """Minutes with a request that began after a moment."""
    count = connection.execute(
        text("select count(distinct minute) from rollups where minute > :since and requests > 0"),
        {"since": since},
    )
    return int(count.scalar_one())


@dataclass(frozen=True, slots=True)
class VerdictSilence:
    """The stretch since the last verdict.

    Attributes:
        last: when there was one; None before the first.
        waiting: exchanges that were captured longer ago than asked, and have not ended.
        failed: exchanges of the last day that ended without a verdict since.
    """

    last: dt.datetime | None
    waiting: int
    failed: int


def verdict_silence(
    connection: Connection, now: dt.datetime, *, older_than: dt.timedelta
) -> VerdictSilence:
    """The stretch since the last verdict, and what has come to nothing in it."""
    row = connection.execute(
        text(
            """
            with last as (select max(created_at) as at from verdicts)
            select last.at,
                (select count(*) from exchanges
                  where ended_at is null and captured_at < :before) as waiting,
                (select count(*) from failures f where f.exchange_id >= :first
                  and (last.at is null or f.created_at > last.at)) as failed
            from last
            """
        ),
        {"before": now - older_than, "first": first_id(now - _DAY)},
    ).one()
    return VerdictSilence(row.at, row.waiting, row.failed)
