"""The share of the traffic that cannot be evidence, with its arithmetic."""

import datetime as dt

import factories.rows as put
import pytest
from sqlalchemy import Connection, text

from tierwatch.store.traffic.outside_counts import (
    UNCOUNTED,
    Outside,
    OutsideCount,
    add_outside_counts,
    outside,
)
from tierwatch.store.traffic.retention import fold_rollups
from tierwatch.store.traffic.watched_counts import capture_counts

MINUTE = put.NOW


def test_of_no_traffic_there_is_no_share(connection: Connection) -> None:
    found = outside(connection)
    assert found == Outside(0, 0.0, {}, frozenset())
    assert found.share is None
    add_outside_counts(connection, [])
    assert outside(connection).share is None


def test_the_exact_are_counted_and_the_others_are_a_share_of_the_drawn(
    connection: Connection,
) -> None:
    put.add_rollup(connection, "simple", 100, minute=MINUTE, eligible=80)
    add_outside_counts(
        connection,
        [
            OutsideCount(MINUTE, "simple", "side_call", 15.0, 0),
            OutsideCount(MINUTE, "simple", "error", 5.0, 0),
            # Of 40 that the drawn stand for 10 are media: a quarter of 80.
            OutsideCount(MINUTE, "simple", "", 30.0, 3),
            OutsideCount(MINUTE, "simple", "media", 10.0, 1),
        ],
    )
    found = outside(connection)
    assert found.reasons == {"media": 20.0, "side_call": 15.0, "error": 5.0}
    assert list(found.reasons) == ["media", "side_call", "error"]
    assert (found.outside, found.share, found.estimated) == (40.0, 0.4, {"media"})


def test_a_time_before_reasons_were_counted_is_said_to_be_so(connection: Connection) -> None:
    put.add_rollup(connection, "simple", 100, minute=MINUTE, eligible=80)
    assert outside(connection).reasons == {UNCOUNTED: 20.0}


def test_even_where_the_drawn_stand_for_more_than_there_are_the_share_is_below_one(
    connection: Connection,
) -> None:
    put.add_rollup(connection, "simple", 2, minute=MINUTE, eligible=2)
    add_outside_counts(connection, [OutsideCount(MINUTE, "simple", "media", 20.0, 1)])
    assert outside(connection).share == 1.0


def test_counts_of_one_key_add_up(connection: Connection) -> None:
    row = OutsideCount(MINUTE, "simple", "media", 2.5, 1)
    add_outside_counts(connection, [row])
    add_outside_counts(connection, [row])
    found = connection.execute(text("select requests, drawn from outside_counts")).one()
    assert tuple(found) == (5.0, 2)


def test_old_minutes_are_folded_into_their_hour_and_no_sum_changes(connection: Connection) -> None:
    hour = dt.datetime(2026, 1, 5, 10, tzinfo=dt.UTC)
    rows = [
        OutsideCount(hour + dt.timedelta(minutes=minute), tier, "media", 2.0, 1)
        for minute in (0, 1, 59)
        for tier in ("simple", "standard")
    ]
    add_outside_counts(connection, rows)
    while fold_rollups(connection, hour + dt.timedelta(days=1)):
        pass
    found = connection.execute(
        text("select minute, tier, requests, drawn from outside_counts order by tier")
    ).all()
    assert [tuple(row) for row in found] == [(hour, "simple", 6.0, 3), (hour, "standard", 6.0, 3)]


def test_what_was_drawn_and_read_was_captured_rightly(connection: Connection) -> None:
    minute = MINUTE.replace(second=0, microsecond=0)
    put.add_rollup(connection, "simple", 10, minute=minute, eligible=10, expected=5.0)
    add_outside_counts(
        connection,
        [
            OutsideCount(minute, "simple", "", 8.0, 4),
            OutsideCount(minute, "simple", "media", 4.0, 2),
            OutsideCount(minute, "simple", "side_call", 3.0, 0),
        ],
    )
    for number in range(4):
        put.add_exchange(connection, number)
    [found] = capture_counts(connection, minute, minute + dt.timedelta(minutes=1))
    assert (found.eligible, found.expected, found.captured) == (10, pytest.approx(5.0), 6)
