"""An event is delivered once a destination, and each delivery is in one of three states."""

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import IntegrityError

from tierwatch.store.schema.outbox import AlertEventRow, DeliveryRow, DestinationRow, StepRunRow

EVENT = {"alert_id": 7, "number": 1, "type": "alert.opened", "body": {}}
DELIVERY = {"event_id": 1, "alert_id": 7, "destination": "ops"}


def test_an_alert_has_one_event_of_a_number(connection: Connection) -> None:
    connection.execute(insert(AlertEventRow).values(EVENT))
    connection.execute(insert(AlertEventRow).values(EVENT | {"number": 2}))
    with (
        pytest.raises(IntegrityError, match="uq_alert_events_alert_id_number"),
        connection.begin_nested(),
    ):
        connection.execute(insert(AlertEventRow).values(EVENT))


def test_an_event_has_one_delivery_at_a_destination(connection: Connection) -> None:
    connection.execute(insert(DeliveryRow).values(DELIVERY))
    connection.execute(insert(DeliveryRow).values(DELIVERY | {"destination": "log"}))
    with (
        pytest.raises(IntegrityError, match="uq_deliveries_event_id_destination"),
        connection.begin_nested(),
    ):
        connection.execute(insert(DeliveryRow).values(DELIVERY))


def test_a_delivery_waits_until_it_is_delivered_or_has_failed(connection: Connection) -> None:
    for number, state in enumerate(("waiting", "delivered", "failed"), start=1):
        connection.execute(
            insert(DeliveryRow).values(DELIVERY | {"event_id": number, "state": state})
        )
    with pytest.raises(IntegrityError, match="ck_deliveries_state"), connection.begin_nested():
        connection.execute(insert(DeliveryRow).values(DELIVERY | {"event_id": 9, "state": "lost"}))


def test_what_is_not_said_has_begun_now_and_never_failed(connection: Connection) -> None:
    connection.execute(insert(DeliveryRow).values(DELIVERY))
    connection.execute(insert(DestinationRow).values(name="ops", kind="webhook"))
    connection.execute(insert(StepRunRow).values(step="observe"))
    now = connection.execute(text("select now()")).scalar_one()
    kept = connection.execute(
        text("select state, tries, answer, waiting_since from deliveries")
    ).one()
    assert tuple(kept) == ("waiting", 0, "", now)
    kept = connection.execute(
        text("select failures, failing_since, answer from destinations")
    ).one()
    assert tuple(kept) == (0, None, "")
    assert connection.execute(text("select ran_at from step_runs")).scalar_one() == now
