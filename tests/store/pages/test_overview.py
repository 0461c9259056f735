from factories.rows import (
    add_alert,
    add_exchange,
    add_failure,
    add_proposal,
)
from sqlalchemy import Connection

from tierwatch.store.pages.overview import (
    Waiting,
    failure_counts,
    open_counts,
)


def test_failures_are_counted_by_step_and_reason(connection: Connection) -> None:
    for request_no, reason in enumerate(["timeout", "timeout", "refused"]):
        add_failure(connection, add_exchange(connection, request_no), reason)

    assert failure_counts(connection) == {"shadow: timeout": 2, "shadow: refused": 1}


def test_before_any_traffic_everything_is_empty(connection: Connection) -> None:
    assert failure_counts(connection) == {}
    assert open_counts(connection) == Waiting()


def test_what_waits_for_a_person_is_what_is_not_decided(connection: Connection) -> None:
    for state in ("open", "acknowledged", "resolved"):
        add_alert(connection, state=state)
    for number, state in enumerate(("open", "approved", "rolling_out", "rejected", "open")):
        add_proposal(connection, state=state, task_type=f"type {number}")
    assert open_counts(connection) == Waiting(alerts=2, proposals=2, moving=2)


def test_failures_beyond_the_fifty_commonest_are_left_out(connection: Connection) -> None:
    for number in range(52):
        add_failure(connection, add_exchange(connection, number), f"reason {number:02}")
    add_failure(connection, add_exchange(connection, 99), "reason 51")
    found = failure_counts(connection)
    assert len(found) == 50
    assert next(iter(found.items())) == ("shadow: reason 51", 2)
    assert "shadow: reason 50" not in found
