"""One worker sends to a destination at a time; of one alert in order; a failure holds no other."""

import uuid
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, text

from tierwatch.store.outbox.deliveries import (
    Waiting,
    end_lease,
    give_up,
    retry_failed,
    set_failed,
    set_paused,
    set_postponed,
    set_taken,
    take_deliveries,
)
from tierwatch.store.outbox.events import add_event, spread_events

MINE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


def take(connection: Connection, lease: uuid.UUID = MINE, to: str = "ops") -> Waiting | None:
    found = take_deliveries(connection, to, kind="webhook", lease=lease, lease_s=60)
    return found[0] if found else None


def taken(connection: Connection, lease: uuid.UUID = MINE, to: str = "ops") -> str | None:
    found = take(connection, lease, to)
    return None if found is None else str(found.event["event_id"])


def add(connection: Connection, *kinds: str, alert: int | None = None) -> int:
    alert = put.add_alert(connection) if alert is None else alert
    for kind in kinds:
        add_event(connection, alert, {"type": f"alert.{kind}"})
    spread_events(connection, ["ops"])
    return alert


def one(connection: Connection, query: str) -> Any:
    return connection.execute(text(query)).one()


def later(connection: Connection, table: str, column: str, seconds: float) -> None:
    """Let time pass for a column: the tests' transactions have one `now()`."""
    connection.execute(
        text(f"update {table} set {column} = {column} - make_interval(secs => :s)"),  # noqa: S608
        {"s": seconds},
    )


def test_nothing_is_due_where_nothing_waits(connection: Connection) -> None:
    assert take(connection) is None
    row = one(connection, "select kind, lease, leased_until from destinations")
    assert tuple(row) == ("webhook", None, None)


def test_events_of_an_alert_go_in_their_order(connection: Connection) -> None:
    alert = add(connection, "opened", "acknowledged", "resolved")
    for kind in ("opened", "acknowledged", "resolved"):
        found = take(connection)
        assert found is not None
        assert (found.event["event_id"], found.alert_id) == (f"{alert}:{kind}", alert)
        set_taken(connection, found.id, "ops", "HTTP 200")
    assert take(connection) is None


def test_of_each_alert_the_oldest_event_is_taken(connection: Connection) -> None:
    alerts = [add(connection, "opened", "resolved") for _ in range(3)]
    found = take_deliveries(connection, "ops", kind="webhook", lease=MINE, lease_s=60)
    assert [one.event["event_id"] for one in found] == [f"{alert}:opened" for alert in alerts]
    few = take_deliveries(connection, "ops", kind="webhook", lease=MINE, lease_s=60, limit=2)
    assert few == found[:2]


def test_a_postponed_event_holds_its_alert_and_no_other(connection: Connection) -> None:
    stuck = add(connection, "opened", "resolved")
    other = add(connection, "opened")
    first = take(connection)
    assert first is not None
    set_postponed(connection, first.id, "ops", "HTTP 500", wait_s=30)
    assert taken(connection) == f"{other}:opened"
    second = take(connection)
    assert second is not None
    set_taken(connection, second.id, "ops", "HTTP 200")
    assert take(connection) is None
    later(connection, "deliveries", "next_try_at", 31)
    again = take(connection)
    assert again is not None
    assert (again.event["event_id"], again.tries) == (f"{stuck}:opened", 1)


def test_what_was_never_tried_goes_first(connection: Connection) -> None:
    add(connection, "opened")
    stuck = take(connection)
    assert stuck is not None
    set_postponed(connection, stuck.id, "ops", "HTTP 500", wait_s=1)
    fresh = add(connection, "opened")
    later(connection, "deliveries", "next_try_at", 100)
    assert taken(connection) == f"{fresh}:opened"


def test_a_failed_event_lets_the_next_one_go(connection: Connection) -> None:
    alert = add(connection, "opened", "resolved")
    first = take(connection)
    assert first is not None
    set_failed(connection, first.id, "ops", "HTTP 400")
    assert taken(connection) == f"{alert}:resolved"
    row = one(
        connection, "select state, answer, tries, ended_at from deliveries order by id limit 1"
    )
    assert tuple(row)[:3] == ("failed", "HTTP 400", 1)
    assert row.ended_at is not None


def test_while_one_worker_sends_no_other_does(connection: Connection) -> None:
    alert = add(connection, "opened")
    add(connection, "opened")
    assert taken(connection, MINE) == f"{alert}:opened"
    assert take(connection, OTHER) is None
    # The same worker goes on, and ends.
    assert taken(connection, MINE) == f"{alert}:opened"
    end_lease(connection, "ops", MINE)
    assert taken(connection, OTHER) == f"{alert}:opened"
    # A lease that is not one's own cannot be ended.
    end_lease(connection, "ops", MINE)
    assert take(connection, MINE) is None


def test_a_lease_whose_worker_died_ends_by_itself(connection: Connection) -> None:
    alert = add(connection, "opened")
    take(connection, OTHER)
    assert take(connection, MINE) is None
    later(connection, "destinations", "leased_until", 61)
    assert taken(connection, MINE) == f"{alert}:opened"


def test_destinations_do_not_hold_each_other(connection: Connection) -> None:
    alert = put.add_alert(connection)
    add_event(connection, alert, {"type": "alert.opened"})
    spread_events(connection, ["ops", "log"])
    found = take(connection)
    assert found is not None
    set_postponed(connection, found.id, "ops", "HTTP 503", wait_s=30)
    set_paused(connection, "ops", 30)
    assert take(connection) is None
    assert taken(connection, to="log") == f"{alert}:opened"


def test_a_pause_ends_and_success_ends_the_failures(connection: Connection) -> None:
    add(connection, "opened")
    found = take(connection)
    assert found is not None
    for tries in (1, 2):
        assert set_postponed(connection, found.id, "ops", "HTTP 503", wait_s=5) == tries
        set_paused(connection, "ops", 30)
        assert take(connection) is None
        row = one(connection, "select failures, failing_since, answer from destinations")
        assert (row.failures, row.answer) == (tries, "HTTP 503")
        assert row.failing_since is not None
        later(connection, "destinations", "paused_until", 31)
        later(connection, "deliveries", "next_try_at", 31)
        found = take(connection)
        assert found is not None
        assert found.tries == tries
    set_taken(connection, found.id, "ops", "HTTP 200")
    row = one(
        connection, "select failures, failing_since, paused_until, taken_at from destinations"
    )
    assert tuple(row)[:3] == (0, None, None)
    assert row.taken_at is not None


def test_an_answer_that_comes_late_changes_no_end(connection: Connection) -> None:
    add(connection, "opened")
    found = take(connection)
    assert found is not None
    set_taken(connection, found.id, "ops", "HTTP 200")
    set_postponed(connection, found.id, "ops", "HTTP 500", wait_s=5)
    set_failed(connection, found.id, "ops", "HTTP 400")
    assert one(connection, "select state, tries from deliveries") == ("delivered", 1)


@pytest.mark.parametrize(("age_s", "given_up"), [(3_500, 0), (3_700, 2)])
def test_what_waited_too_long_fails_with_its_last_answer(
    connection: Connection, age_s: float, given_up: int
) -> None:
    alert = add(connection, "opened", "resolved")
    found = take(connection)
    assert found is not None
    set_postponed(connection, found.id, "ops", "HTTP 503", wait_s=5)
    later(connection, "deliveries", "waiting_since", age_s)
    ended = give_up(connection, after_s=3_600)
    assert len(ended) == given_up
    if ended:
        by_event = {one.event: one for one in ended}
        opened = by_event["alert.opened"]
        assert (opened.alert_id, opened.destination) == (alert, "ops")
        assert opened.answer == "given up after 1 h, tries: 1; last: HTTP 503"
        assert by_event["alert.resolved"].answer == "given up after 1 h, tries: 0"
        assert take(connection) is None


def test_a_failed_delivery_can_be_retried_by_hand(connection: Connection) -> None:
    alert = add(connection, "opened", "resolved")
    other = add(connection, "opened")
    while (found := take(connection)) is not None:
        set_failed(connection, found.id, "ops", "HTTP 400")
    assert retry_failed(connection, alert_id=alert) == 2
    assert taken(connection) == f"{alert}:opened"
    row = one(connection, "select count(*) as n from deliveries where state = 'failed'")
    assert row.n == 1
    assert retry_failed(connection) == 1
    assert retry_failed(connection, alert_id=other) == 0
