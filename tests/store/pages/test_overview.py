from factories.rows import (
    add_alert,
    add_exchange,
    add_failure,
    add_proposal,
    add_rollup,
    put_in_force,
)
from sqlalchemy import Connection

from tierwatch.store.pages.overview import (
    TierTraffic,
    Waiting,
    failure_counts,
    open_counts,
    tier_traffic,
)


def test_traffic_sums_every_minute_and_bin(connection: Connection) -> None:
    add_rollup(connection, "simple", 30, cost_usd=1.5, errors=1)
    add_rollup(connection, "simple", 10, bin=1, cost_usd=0.5, latency_ms=5_000.0)
    put_in_force(connection)

    # (30 * 100 + 5,000) / 40 = 200 ms
    assert tier_traffic(connection) == [TierTraffic("simple", 40, 1, 0, 2.0, 8.0, 200.0)]


def test_traffic_without_requests_has_no_division_by_zero(connection: Connection) -> None:
    add_rollup(connection, "simple", 0, latency_ms=0.0)
    assert tier_traffic(connection)[0].latency_ms == 0.0


def test_failures_are_counted_by_step_and_reason(connection: Connection) -> None:
    for request_no, reason in enumerate(["timeout", "timeout", "refused"]):
        add_failure(connection, add_exchange(connection, request_no), reason)

    assert failure_counts(connection) == {"shadow: timeout": 2, "shadow: refused": 1}


def test_before_any_traffic_everything_is_empty(connection: Connection) -> None:
    assert tier_traffic(connection) == []
    assert failure_counts(connection) == {}
    assert open_counts(connection) == Waiting()


def test_what_waits_for_a_person_is_what_is_not_decided(connection: Connection) -> None:
    for state in ("open", "acknowledged", "resolved"):
        add_alert(connection, state=state)
    for number, state in enumerate(("open", "approved", "rolling_out", "rejected", "open")):
        add_proposal(connection, state=state, task_type=f"type {number}")
    assert open_counts(connection) == Waiting(alerts=2, proposals=2, moving=2)


def test_counts_are_whole_numbers(connection: Connection) -> None:
    add_rollup(connection, "simple", 3, errors=1, escalated=2)
    [line] = tier_traffic(connection)
    assert [type(value) for value in (line.requests, line.errors, line.escalated)] == [int] * 3
    assert [type(value) for value in (line.cost_usd, line.latency_ms)] == [float] * 2


def test_failures_beyond_the_fifty_commonest_are_left_out(connection: Connection) -> None:
    for number in range(52):
        add_failure(connection, add_exchange(connection, number), f"reason {number:02}")
    add_failure(connection, add_exchange(connection, 99), "reason 51")
    found = failure_counts(connection)
    assert len(found) == 50
    assert next(iter(found.items())) == ("shadow: reason 51", 2)
    assert "shadow: reason 50" not in found
