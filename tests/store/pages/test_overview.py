from itertools import pairwise

import pytest
from factories.rows import (
    JUDGE,
    add_alert,
    add_exchange,
    add_failure,
    add_outcome,
    add_proposal,
    add_rollup,
    put_in_force,
)
from sqlalchemy import Connection

from tierwatch.store.judgements.outcomes import newest_judge_version
from tierwatch.store.pages.overview import (
    LossSums,
    TierTraffic,
    Waiting,
    failure_counts,
    loss_sums,
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


def test_loss_sums_by_boundary_direction_and_judge(connection: Connection) -> None:
    add_outcome(connection, 1, 1.0, weight=2.0)
    add_outcome(connection, 2, 0.0, weight=1.0)
    add_outcome(connection, 3, 1.0, tier="standard")
    add_outcome(connection, 4, 1.0, direction="down")
    add_outcome(connection, 5, 1.0, judge_version="older")

    # simple: weights 2 and 1, squares 4 + 1, the heavy one is a loss
    assert loss_sums(connection, direction="up", judge_version=JUDGE) == [
        LossSums("simple", 0, 1, 2, 2, 3.0, 5.0, 2.0),
        LossSums("standard", 0, 3, 3, 1, 1.0, 1.0, 1.0),
    ]
    assert newest_judge_version(connection) == "older"


def test_loss_sums_cut_the_requests_into_equal_stretches(connection: Connection) -> None:
    for request_no in range(10, 20):
        add_outcome(connection, request_no, 0.0)

    found = loss_sums(connection, direction="up", judge_version=JUDGE, buckets=5)
    assert [(group.bucket, group.first_request, group.last_request) for group in found] == [
        (0, 10, 11),
        (1, 12, 13),
        (2, 14, 15),
        (3, 16, 17),
        (4, 18, 19),
    ]
    one = loss_sums(connection, direction="up", judge_version=JUDGE, buckets=1)
    assert [group.n for group in one] == [10]


def test_failures_are_counted_by_step_and_reason(connection: Connection) -> None:
    for request_no, reason in enumerate(["timeout", "timeout", "refused"]):
        add_failure(connection, add_exchange(connection, request_no), reason)

    assert failure_counts(connection) == {"shadow: timeout": 2, "shadow: refused": 1}


def test_before_any_traffic_everything_is_empty(connection: Connection) -> None:
    assert tier_traffic(connection) == []
    assert loss_sums(connection, direction="up", judge_version=JUDGE) == []
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


@pytest.mark.parametrize("buckets", [1, 2, 3, 7, 100])
def test_every_outcome_is_in_one_stretch(connection: Connection, buckets: int) -> None:
    for request_no in (5, 6, 9, 40, 41, 99):
        add_outcome(connection, request_no, float(request_no % 2), weight=1.5)
    found = loss_sums(connection, direction="up", judge_version=JUDGE, buckets=buckets)
    assert sum(group.n for group in found) == 6
    assert sum(group.weight for group in found) == pytest.approx(9.0)
    assert sum(group.weighted_loss for group in found) == pytest.approx(6.0)  # four odd ones
    assert all(0 <= group.bucket < buckets for group in found)
    for earlier, later in pairwise(found):
        assert earlier.last_request < later.first_request


def test_failures_beyond_the_fifty_commonest_are_left_out(connection: Connection) -> None:
    for number in range(52):
        add_failure(connection, add_exchange(connection, number), f"reason {number:02}")
    add_failure(connection, add_exchange(connection, 99), "reason 51")
    found = failure_counts(connection)
    assert len(found) == 50
    assert next(iter(found.items())) == ("shadow: reason 51", 2)
    assert "shadow: reason 50" not in found
