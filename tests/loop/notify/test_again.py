"""What failed is sent again when a person asks for it."""

import uuid

import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.loop.notify.again import retry_deliveries
from tierwatch.store.outbox.deliveries import set_failed, take_deliveries
from tierwatch.store.outbox.events import add_event, spread_events


def failed(connection: Connection) -> int:
    alert = put.add_alert(connection)
    add_event(connection, alert, {"type": "alert.opened"})
    spread_events(connection, ["ops"])
    [one] = take_deliveries(connection, "ops", kind="webhook", lease=uuid.UUID(int=1), lease_s=60)
    set_failed(connection, one.id, "ops", "HTTP 422")
    return alert


def test_one_alert_or_all_and_who_asked_is_kept(connection: Connection) -> None:
    first, second = failed(connection), failed(connection)
    assert retry_deliveries(connection, actor="ada", alert_id=first) == 1
    assert retry_deliveries(connection, actor="ada", alert_id=first) == 0
    assert retry_deliveries(connection, actor="bob") == 1
    lines = connection.execute(text("select actor, action, subject, detail from audit order by id"))
    assert [tuple(line) for line in lines] == [
        ("ada", "deliveries.retried", f"alert/{first}", {"count": 1}),
        ("bob", "deliveries.retried", "notifications", {"count": 1}),
    ]
    waiting = connection.execute(
        text("select alert_id from deliveries where state = 'waiting' order by 1")
    ).scalars()
    assert list(waiting) == [first, second]
