"""Deliveries: taken one at a time under a lease, each ended by the destination's answer."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, or_, text, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.outbox import DeliveryRow, DestinationRow


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that is due.

    Attributes:
        tries: that were made before.
        event: what is to be sent.
    """

    id: int
    alert_id: int
    tries: int
    event: Mapping[str, object]


def take_deliveries(
    connection: Connection,
    destination: str,
    *,
    kind: str,
    lease: uuid.UUID,
    lease_s: float,
    limit: int = 50,
) -> list[Waiting]:
    """The deliveries that are next at a destination, which nobody else sends to meanwhile.

    None while the destination is another worker's or paused, and when nothing is due: then the
    lease ends. Of one alert there is only the oldest event; among alerts, what was never tried goes
    first, so one event that is refused again and again holds no other.

    Args:
        connection: in a transaction.
        destination: its name.
        kind: of the destination, for the pages.
        lease: this worker's; taking more under it makes it last longer.
        lease_s: after which somebody else may send, should this worker die.
        limit: most to take.
    """
    if not take_lease(connection, destination, kind=kind, lease=lease, lease_s=lease_s):
        end_lease(connection, destination, lease)
        return []
    found = connection.execute(
        text(
            """
            select d.id, d.alert_id, d.tries, e.body
            from deliveries d join alert_events e on e.id = d.event_id
            where d.destination = :destination and d.state = 'waiting' and d.next_try_at <= now()
              and not exists (
                select from deliveries earlier
                where earlier.destination = d.destination and earlier.alert_id = d.alert_id
                  and earlier.state = 'waiting' and earlier.event_id < d.event_id
              )
            order by d.tries, d.next_try_at, d.event_id limit :limit
            """
        ),
        {"destination": destination, "limit": limit},
    ).all()
    if not found:
        end_lease(connection, destination, lease)
    return [Waiting(row.id, row.alert_id, row.tries, row.body) for row in found]


def take_lease(
    connection: Connection, destination: str, *, kind: str, lease: uuid.UUID, lease_s: float
) -> bool:
    """Keep others from sending to a destination; False while it is another worker's or paused."""
    until = func.now() + dt.timedelta(seconds=lease_s)
    new = insert(DestinationRow).values(
        name=destination, kind=kind, lease=lease, leased_until=until
    )
    mine = connection.execute(
        new.on_conflict_do_update(
            index_elements=[DestinationRow.name],
            set_={"kind": kind, "lease": lease, "leased_until": until},
            where=(
                or_(
                    DestinationRow.leased_until.is_(None),
                    DestinationRow.leased_until <= func.now(),
                    DestinationRow.lease == lease,
                )
                & or_(
                    DestinationRow.paused_until.is_(None),
                    DestinationRow.paused_until <= func.now(),
                )
            ),
        ).returning(DestinationRow.name)
    ).one_or_none()
    return mine is not None


def end_lease(connection: Connection, destination: str, lease: uuid.UUID) -> None:
    """Let anybody send to a destination again."""
    connection.execute(
        update(DestinationRow)
        .where(DestinationRow.name == destination, DestinationRow.lease == lease)
        .values(lease=None, leased_until=None)
    )


def set_taken(connection: Connection, delivery_id: int, destination: str, answer: str) -> None:
    """Write down that the destination has taken it."""
    _end(connection, delivery_id, "delivered", answer)
    _set_healthy(connection, destination, answer)


def set_repeated(connection: Connection, destination: str, answer: str, *, taken: bool) -> int:
    """Write down an answer to what is repeated beside deliveries; failures in a row, as there."""
    if not taken:
        return _count_failure(connection, destination, answer)
    _set_healthy(connection, destination, answer)
    return 0


def set_failed(connection: Connection, delivery_id: int, destination: str, answer: str) -> None:
    """Write down that it will never be taken; the next event of its alert may go."""
    _end(connection, delivery_id, "failed", answer)
    _count_failure(connection, destination, answer)


def set_postponed(
    connection: Connection,
    delivery_id: int,
    destination: str,
    answer: str,
    *,
    wait_s: float,
) -> int:
    """Write down when to try again; how many answers in a row of the destination were no success.

    Args:
        connection: in a transaction.
        delivery_id: of the delivery.
        destination: its name.
        answer: what happened.
        wait_s: until this delivery is due again.
    """
    connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.state == "waiting")
        .values(
            tries=DeliveryRow.tries + 1,
            answer=answer,
            last_try_at=func.now(),
            next_try_at=func.now() + dt.timedelta(seconds=wait_s),
        )
    )
    return _count_failure(connection, destination, answer)


def set_paused(connection: Connection, destination: str, pause_s: float) -> None:
    """Send nothing to a destination for a while."""
    connection.execute(
        update(DestinationRow)
        .where(DestinationRow.name == destination)
        .values(paused_until=func.now() + dt.timedelta(seconds=pause_s))
    )


def _end(connection: Connection, delivery_id: int, state: str, answer: str) -> None:
    connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.state == "waiting")
        .values(
            state=state,
            tries=DeliveryRow.tries + 1,
            answer=answer,
            last_try_at=func.now(),
            ended_at=func.now(),
        )
    )


def _set_healthy(connection: Connection, destination: str, answer: str) -> None:
    connection.execute(
        update(DestinationRow)
        .where(DestinationRow.name == destination)
        .values(
            failures=0,
            failing_since=None,
            paused_until=None,
            answer=answer,
            answered_at=func.now(),
            taken_at=func.now(),
        )
    )


def _count_failure(connection: Connection, destination: str, answer: str) -> int:
    return connection.execute(
        update(DestinationRow)
        .where(DestinationRow.name == destination)
        .values(
            failures=DestinationRow.failures + 1,
            failing_since=func.coalesce(DestinationRow.failing_since, func.now()),
            answer=answer,
            answered_at=func.now(),
        )
        .returning(DestinationRow.failures)
    ).scalar_one()


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A delivery that was waiting for too long."""

    alert_id: int
    destination: str
    event: str
    answer: str


def give_up(connection: Connection, *, after_s: float, limit: int = 1_000) -> list[GivenUp]:
    """Fail deliveries that have been waiting for ``after_s`` seconds; which they were."""
    found = connection.execute(
        text(
            """
            update deliveries d set state = 'failed', ended_at = now(),
                answer = 'given up after ' || round(extract(epoch from now() - d.waiting_since)
                    / 3600) || ' h, tries: ' || d.tries
                    || case when d.answer = '' then '' else '; last: ' || d.answer end
            from alert_events e where e.id = d.event_id and d.id in (
                select id from deliveries where state = 'waiting'
                  and waiting_since < now() - make_interval(secs => :after)
                order by id limit :limit for update skip locked
            )
            returning d.alert_id, d.destination, e.type, d.answer
            """
        ),
        {"after": after_s, "limit": limit},
    )
    return [GivenUp(*row) for row in found]


def retry_failed(connection: Connection, *, alert_id: int | None = None) -> int:
    """Let failed deliveries wait again, due at once: of one alert, or all; how many they were."""
    failed = update(DeliveryRow).where(DeliveryRow.state == "failed")
    if alert_id is not None:
        failed = failed.where(DeliveryRow.alert_id == alert_id)
    again = connection.execute(
        failed.values(
            state="waiting",
            tries=0,
            ended_at=None,
            waiting_since=func.now(),
            next_try_at=func.now(),
        ).returning(DeliveryRow.destination)
    ).scalars()
    names = again.all()
    connection.execute(
        update(DestinationRow).where(DestinationRow.name.in_(set(names))).values(paused_until=None)
    )
    return len(names)
