"""Events of alerts: written with the change, spread over the destinations by a worker."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, text, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.outbox import AlertEventRow
from tierwatch.store.schema.proposals import AlertRow

# A change of state happens once to an alert; this one may come any number of times.
RENOTIFIED = "alert.renotified"


def add_event(connection: Connection, alert_id: int, event: Mapping[str, object]) -> str:
    """Write an event of an alert, in the transaction of the change that it tells of.

    Args:
        connection: in a transaction.
        alert_id: of the alert; its row stays locked, so its events are numbered in their order.
        event: what destinations are sent; ``type`` says what happened.

    Returns:
        The event's id, the same however often it is sent.
    """
    number = connection.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id)
        .values(events=AlertRow.events + 1, last_event_at=func.now())
        .returning(AlertRow.events)
    ).scalar_one()
    kind = str(event["type"])
    event_id = f"{alert_id}:{kind.removeprefix('alert.')}"
    if kind == RENOTIFIED:
        event_id = f"{event_id}:{number}"
    connection.execute(
        insert(AlertEventRow).values(
            alert_id=alert_id,
            number=number,
            type=kind,
            body={**event, "event_id": event_id, "sequence": number},
        )
    )
    return event_id


def spread_events(connection: Connection, destinations: Sequence[str]) -> int:
    """Make a delivery at each destination for every event that has none yet; how many were made.

    An open alert is not repeated where something of it still waits to be sent: after an outage of
    days there would be dozens of the same.

    Args:
        connection: holding a lock, so that an alert's events are spread in their order.
        destinations: names.
    """
    made = connection.execute(
        text(
            """
            with fresh as (
                update alert_events set spread_at = now() where spread_at is null
                returning id, alert_id, type
            )
            insert into deliveries (event_id, alert_id, destination)
            select fresh.id, fresh.alert_id, named.name
            from fresh cross join unnest(cast(:names as text[])) as named(name)
            where fresh.type <> :renotified or not exists (
                select from deliveries earlier
                where earlier.alert_id = fresh.alert_id and earlier.destination = named.name
                  and earlier.state = 'waiting'
            )
            order by fresh.id
            on conflict do nothing returning id
            """
        ),
        {"names": list(destinations), "renotified": RENOTIFIED},
    )
    return len(made.all())


def drop_old_events(connection: Connection, *, delivered_days: int, failed_days: int) -> int:
    """Forget deliveries that ended long ago, and events with none left; how many events went."""
    connection.execute(
        text(
            "delete from deliveries where (state = 'delivered'"
            " and ended_at < now() - make_interval(days => :delivered))"
            " or (state = 'failed' and ended_at < now() - make_interval(days => :failed))"
        ),
        {"delivered": delivered_days, "failed": failed_days},
    )
    gone = connection.execute(
        text(
            "delete from alert_events e where spread_at < now() - make_interval(days => :delivered)"
            " and not exists (select from deliveries d where d.event_id = e.id) returning id"
        ),
        {"delivered": delivered_days},
    )
    return len(gone.all())
