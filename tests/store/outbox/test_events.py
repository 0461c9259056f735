"""Events are numbered with their alert, and spread over the destinations once."""

import uuid
from typing import Any

import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.store.outbox.deliveries import (
    retry_failed,
    set_failed,
    set_taken,
    take_deliveries,
)
from tierwatch.store.outbox.events import add_event, drop_old_events, spread_events


def event(kind: str = "alert.opened") -> dict[str, Any]:
    return {"type": kind, "summary": "Answers are worse."}


def deliveries(connection: Connection) -> list[tuple[str, str, str]]:
    found = connection.execute(
        text(
            "select e.body ->> 'event_id', d.destination, d.state from deliveries d"
            " join alert_events e on e.id = d.event_id order by d.id"
        )
    )
    return [tuple(row) for row in found]


def test_events_of_an_alert_are_numbered_and_named(connection: Connection) -> None:
    one, other = put.add_alert(connection), put.add_alert(connection)
    kinds = ("alert.opened", "alert.renotified", "alert.renotified", "alert.resolved")
    assert [add_event(connection, one, event(kind)) for kind in kinds] == [
        f"{one}:opened",
        f"{one}:renotified:2",
        f"{one}:renotified:3",
        f"{one}:resolved",
    ]
    assert add_event(connection, other, event()) == f"{other}:opened"
    stored = connection.execute(
        text("select body from alert_events where alert_id = :id order by number"), {"id": one}
    ).scalars()
    assert [(body["sequence"], body["summary"]) for body in stored] == [
        (number, "Answers are worse.") for number in (1, 2, 3, 4)
    ]
    kept = connection.execute(text("select events, last_event_at from alerts order by id")).all()
    assert [row.events for row in kept] == [4, 1]
    assert all(row.last_event_at is not None for row in kept)


def test_an_event_is_spread_once_over_the_destinations_of_then(connection: Connection) -> None:
    alert = put.add_alert(connection)
    add_event(connection, alert, event())
    assert spread_events(connection, ["log", "ops"]) == 2
    assert spread_events(connection, ["log", "ops", "later"]) == 0
    add_event(connection, alert, event("alert.resolved"))
    assert spread_events(connection, ["log", "later"]) == 2
    assert deliveries(connection) == [
        (f"{alert}:opened", "log", "waiting"),
        (f"{alert}:opened", "ops", "waiting"),
        (f"{alert}:resolved", "log", "waiting"),
        (f"{alert}:resolved", "later", "waiting"),
    ]


def test_without_destinations_events_are_over(connection: Connection) -> None:
    add_event(connection, put.add_alert(connection), event())
    assert spread_events(connection, []) == 0
    assert spread_events(connection, ["log"]) == 0


def test_an_alert_is_not_repeated_where_something_of_it_still_waits(
    connection: Connection,
) -> None:
    alert = put.add_alert(connection)
    add_event(connection, alert, event())
    spread_events(connection, ["log", "away"])
    first = connection.execute(text("select min(id) from deliveries")).scalar_one()
    set_taken(connection, first, "log", "written")
    add_event(connection, alert, event("alert.renotified"))
    assert spread_events(connection, ["log", "away"]) == 1
    assert deliveries(connection)[-1] == (f"{alert}:renotified:2", "log", "waiting")
    # What changed is never left out.
    add_event(connection, alert, event("alert.resolved"))
    assert spread_events(connection, ["log", "away"]) == 2


def test_what_was_delivered_long_ago_is_forgotten_and_failures_are_kept_longer(
    connection: Connection,
) -> None:
    alert = put.add_alert(connection)
    for kind in ("alert.opened", "alert.acknowledged", "alert.resolved"):
        add_event(connection, alert, event(kind))
    spread_events(connection, ["log"])
    take_deliveries(connection, "log", kind="log", lease=uuid.uuid4(), lease_s=60)
    taken, failed, _ = connection.execute(text("select id from deliveries order by id")).scalars()
    set_taken(connection, taken, "log", "written")
    set_failed(connection, failed, "log", "HTTP 400")

    def age(days: int) -> int:
        ago = {"days": days}
        connection.execute(
            text(
                "update deliveries set ended_at = now() - make_interval(days => :days)"
                " where ended_at is not null"
            ),
            ago,
        )
        connection.execute(
            text("update alert_events set spread_at = now() - make_interval(days => :days)"), ago
        )
        return drop_old_events(connection, delivered_days=30, failed_days=365)

    assert (age(29), age(31)) == (0, 1)
    assert [state for _, _, state in deliveries(connection)] == ["failed", "waiting"]
    assert retry_failed(connection) == 1
    assert age(400) == 0
    assert [state for _, _, state in deliveries(connection)] == ["waiting", "waiting"]
