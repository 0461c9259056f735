"""Counts as they are watched: each request taken once, captures beside what was expected."""

import datetime as dt

import factories.rows as put
import pytest
from sqlalchemy import Connection, text

from tierwatch.evaluation.sampling.allocation import CONFIDENCE_BINS
from tierwatch.store.traffic.watched_counts import (
    CaptureCount,
    FreshCount,
    capture_counts,
    confidence_shares,
    first_eligible_minute,
    take_fresh_counts,
)

MINUTE = dt.timedelta(minutes=1)
LONG_AGO = put.NOW - dt.timedelta(days=1)


def test_of_no_traffic_there_is_nothing_to_watch(connection: Connection) -> None:
    assert take_fresh_counts(connection, since=LONG_AGO) == []
    assert first_eligible_minute(connection) is None
    assert capture_counts(connection, LONG_AGO, put.NOW) == []
    nothing = [0] * CONFIDENCE_BINS
    assert confidence_shares(connection, 1, since=put.NOW) == (nothing, nothing)


def test_requests_are_taken_once(connection: Connection) -> None:
    put.add_rollup(connection, "simple", 30, bin=4)
    assert take_fresh_counts(connection, since=LONG_AGO) == [FreshCount(put.NOW, 1, 4, 30)]
    assert take_fresh_counts(connection, since=LONG_AGO) == []
    connection.execute(text("update rollups set requests = 37"))
    assert take_fresh_counts(connection, since=LONG_AGO) == [FreshCount(put.NOW, 1, 4, 7)]


def test_tiers_and_types_of_a_bin_are_one_count(connection: Connection) -> None:
    for number, (tier, task_type) in enumerate(
        (("simple", "all"), ("standard", "all"), ("simple", "sql"))
    ):
        put.add_rollup(connection, tier, 10 + number, task_type=task_type, bin=2)
    assert take_fresh_counts(connection, since=LONG_AGO) == [FreshCount(put.NOW, 1, 2, 33)]


def test_counts_come_in_the_order_of_their_minutes(connection: Connection) -> None:
    for minutes, version, place in ((2, 1, 0), (0, 2, 1), (0, 1, 5), (0, 1, 3)):
        put.add_rollup(
            connection,
            "simple",
            1,
            minute=put.NOW + minutes * MINUTE,
            policy_version=version,
            bin=place,
        )
    found = take_fresh_counts(connection, since=LONG_AGO)
    assert [(c.minute - put.NOW, c.policy_version, c.bin) for c in found] == [
        (0 * MINUTE, 1, 3),
        (0 * MINUTE, 1, 5),
        (0 * MINUTE, 2, 1),
        (2 * MINUTE, 1, 0),
    ]


def test_minutes_that_are_history_are_left_alone(connection: Connection) -> None:
    put.add_rollup(connection, "simple", 1, minute=put.NOW - MINUTE)
    put.add_rollup(connection, "simple", 2)
    assert [c.requests for c in take_fresh_counts(connection, since=put.NOW)] == [2]


def test_the_first_minute_is_one_in_which_something_could_be_sampled(
    connection: Connection,
) -> None:
    put.add_rollup(connection, "simple", 5, minute=put.NOW - MINUTE, eligible=0)
    assert first_eligible_minute(connection) is None
    put.add_rollup(connection, "simple", 5, eligible=5)
    put.add_rollup(connection, "simple", 5, minute=put.NOW + MINUTE, eligible=5)
    assert first_eligible_minute(connection) == put.NOW


def test_captures_stand_beside_what_was_expected(connection: Connection) -> None:
    put.add_rollup(connection, "simple", 100, eligible=80, expected=8.0)
    put.add_rollup(connection, "simple", 50, eligible=40, expected=4.0, minute=put.NOW + MINUTE)
    put.add_rollup(connection, "standard", 10, eligible=10, expected=5.0)
    put.add_rollup(connection, "complex", 10, eligible=0)
    for second in (0, 59, 60, 119, 120):
        put.add_exchange(connection, second)  # arrives that many seconds after NOW
    found = capture_counts(connection, put.NOW, put.NOW + 2 * MINUTE)
    assert found == [
        CaptureCount("simple", 120, pytest.approx(12.0), 4),
        CaptureCount("standard", 10, 5.0, 0),
    ]
    assert capture_counts(connection, put.NOW, put.NOW + MINUTE)[0].captured == 2
    assert capture_counts(connection, put.NOW + MINUTE, put.NOW + 2 * MINUTE) == [
        CaptureCount("simple", 40, 4.0, 2)
    ]
    assert capture_counts(connection, put.NOW, put.NOW) == []


def test_shares_are_parted_at_the_moment(connection: Connection) -> None:
    put.add_rollup(connection, "simple", 3, bin=0, minute=put.NOW - MINUTE)
    put.add_rollup(connection, "standard", 4, bin=0)
    put.add_rollup(connection, "simple", 5, bin=CONFIDENCE_BINS - 1)
    put.add_rollup(connection, "simple", 9, bin=1, policy_version=2)
    before, after = confidence_shares(connection, 1, since=put.NOW)
    assert before == [3] + [0] * (CONFIDENCE_BINS - 1)
    assert after == [4] + [0] * (CONFIDENCE_BINS - 2) + [5]
