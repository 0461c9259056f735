"""What pages and the API show of notifications: deliveries of an alert, and how destinations do."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from tierwatch.store.reading.one_row import Part, json_rows, read_part, values_of
from tierwatch.store.traced.scores import SCORE_KINDS


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One event of an alert at one destination.

    Attributes:
        event: type of the event.
        event_id: the same however often it is sent.
        state: ``waiting``, ``delivered`` or ``failed``.
        answer: the last one; empty before the first try.
        next_try_at: when it is due again; None once it has ended.
    """

    id: int
    alert_id: int
    event: str
    event_id: str
    at: dt.datetime
    destination: str
    state: str
    tries: int
    answer: str
    last_try_at: dt.datetime | None
    next_try_at: dt.datetime | None


def alert_deliveries(connection: Connection, alert_ids: Sequence[int]) -> list[DeliveryLine]:
    """Deliveries of alerts, in the order of their events."""
    found = connection.execute(
        text(
            """
            select d.id, d.alert_id, e.type as event, e.body ->> 'event_id' as event_id, e.at,
                   d.destination, d.state, d.tries, d.answer, d.last_try_at,
                   case when d.state = 'waiting'
                        then greatest(d.next_try_at, s.paused_until) end as next_try_at
            from deliveries d join alert_events e on e.id = d.event_id
            left join destinations s on s.name = d.destination
            where d.alert_id = any(:ids) order by d.event_id, d.id
            """
        ),
        {"ids": list(alert_ids)},
    )
    return [DeliveryLine(*row) for row in found]


@dataclass(frozen=True, slots=True)
class DestinationLine:
    """How a destination does.

    Attributes:
        failing_since: the first of the answers in a row that were no success; None while it takes
            what it is sent.
        answer: its last one.
        waiting: events that wait for it, ``oldest_at`` being when the first was written.
        failed: events that it never took, and that can be retried.
    """

    name: str
    kind: str
    failing_since: dt.datetime | None
    answer: str
    answered_at: dt.datetime | None
    taken_at: dt.datetime | None
    waiting: int
    oldest_at: dt.datetime | None
    failed: int


_OTHERS: Final = ", ".join(f"'{kind}'" for kind in SCORE_KINDS)
# Every destination of alerts that was ever sent to or has something waiting, by name.
DESTINATIONS: Final = Part(
    (
        json_rows(
            f"""
            with counted as (
                select destination as name, count(*) filter (where state = 'waiting') as waiting,
                       min(waiting_since) filter (where state = 'waiting') as oldest_at,
                       count(*) filter (where state = 'failed') as failed
                from deliveries where state <> 'delivered' group by 1
            )
            select coalesce(s.name, c.name) as name, coalesce(s.kind, '') as kind, s.failing_since,
                   coalesce(s.answer, '') as answer, s.answered_at, s.taken_at,
                   coalesce(c.waiting, 0) as waiting, c.oldest_at, coalesce(c.failed, 0) as failed
            from (select * from destinations where kind not in ({_OTHERS})) s
            full join counted c on c.name = s.name order by 1
            """  # noqa: S608 - ours
        ),
    ),
    values_of(DestinationLine),
)


def destination_lines(connection: Connection) -> list[DestinationLine]:
    """`DESTINATIONS` alone."""
    return read_part(connection, DESTINATIONS)
