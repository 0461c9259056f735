"""What is shown of deliveries and of destinations is what the outbox holds."""

import uuid

import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.store.outbox.deliveries import (
    set_failed,
    set_paused,
    set_postponed,
    set_taken,
    take_deliveries,
)
from tierwatch.store.outbox.events import add_event, spread_events
from tierwatch.store.pages.notifications import alert_deliveries, destination_lines

LEASE = uuid.UUID(int=1)


def notify(connection: Connection, *kinds: str, to: tuple[str, ...] = ("ops",)) -> int:
    alert = put.add_alert(connection)
    for kind in kinds:
        add_event(connection, alert, {"type": f"alert.{kind}"})
    spread_events(connection, to)
    return alert


def first(connection: Connection, to: str = "ops") -> int:
    [found, *_] = take_deliveries(connection, to, kind="webhook", lease=LEASE, lease_s=60)
    return found.id


def test_an_alerts_deliveries_come_in_the_order_of_its_events(connection: Connection) -> None:
    alert = notify(connection, "opened", "resolved", to=("log", "ops"))
    notify(connection, "opened")
    set_taken(connection, first(connection, "log"), "log", "written")
    lines = alert_deliveries(connection, [alert])
    assert [(line.event, line.destination, line.state) for line in lines] == [
        ("alert.opened", "log", "delivered"),
        ("alert.opened", "ops", "waiting"),
        ("alert.resolved", "log", "waiting"),
        ("alert.resolved", "ops", "waiting"),
    ]
    taken, waiting = lines[:2]
    assert (taken.tries, taken.answer, taken.next_try_at) == (1, "written", None)
    assert taken.last_try_at is not None
    assert (waiting.tries, waiting.answer, waiting.last_try_at) == (0, "", None)
    assert waiting.next_try_at is not None
    assert waiting.event_id == f"{alert}:opened"
    assert len(alert_deliveries(connection, [])) == 0


def test_the_next_try_waits_for_the_destinations_pause(connection: Connection) -> None:
    alert = notify(connection, "opened")
    set_postponed(connection, first(connection), "ops", "HTTP 429", wait_s=5)
    set_paused(connection, "ops", 600)
    [line] = alert_deliveries(connection, [alert])
    paused = connection.execute(text("select paused_until from destinations")).scalar_one()
    assert line.next_try_at == paused


def test_a_destination_shows_what_waits_and_what_failed(connection: Connection) -> None:
    notify(connection, "opened", "resolved")
    notify(connection, "opened", to=("never tried",))
    set_postponed(connection, first(connection), "ops", "HTTP 503", wait_s=0)
    set_failed(connection, first(connection), "ops", "HTTP 422")
    never, ops = destination_lines(connection)
    assert (never.name, never.kind, never.waiting, never.failed) == ("never tried", "", 1, 0)
    assert never.oldest_at is not None
    assert (ops.name, ops.kind, ops.waiting, ops.failed) == ("ops", "webhook", 1, 1)
    assert (ops.answer, ops.taken_at) == ("HTTP 422", None)
    assert ops.failing_since is not None
    set_taken(connection, first(connection), "ops", "HTTP 200")
    _, ops = destination_lines(connection)
    assert (ops.failing_since, ops.waiting, ops.oldest_at, ops.failed) == (None, 0, None, 1)
    assert ops.taken_at is not None


def test_before_anything_was_sent_there_is_nothing_to_show(connection: Connection) -> None:
    assert destination_lines(connection) == []
