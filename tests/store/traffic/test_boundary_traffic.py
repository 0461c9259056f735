"""Counts of boundaries are added up; of weights the largest stays."""

import datetime as dt

import pytest
from sqlalchemy import Connection, text

from tierwatch.store.traffic.boundary_traffic import (
    add_boundary_counts,
    boundary_traffic,
    note_largest_weights,
    weight_caps,
)

DAY = dt.date(2026, 11, 23)
BEFORE = DAY - dt.timedelta(days=1)


def test_boundaries_are_added_up_by_day_and_cent(connection: Connection) -> None:
    add_boundary_counts(connection, [])
    add_boundary_counts(connection, [(DAY, "simple", 29, 2), (DAY, "simple", 100, 1)])
    add_boundary_counts(connection, [(DAY, "simple", 29, 3), (DAY, "standard", 29, 50)])
    add_boundary_counts(connection, [(DAY - dt.timedelta(days=1), "simple", 29, 7)])
    # Middles of cents: 29 holds [.29, .30), and 100 is exactly 1.
    day = dt.datetime.combine(DAY, dt.time(23, 59), dt.UTC)
    assert boundary_traffic(connection, "simple", since=day) == ([0.295, 1.0], [5, 1])
    before = day - dt.timedelta(days=1)
    assert boundary_traffic(connection, "simple", since=before) == ([0.295, 1.0], [12, 1])
    after = day + dt.timedelta(days=1)
    assert boundary_traffic(connection, "simple", since=after) == ([], [])


def test_cents_from_nothing_to_all_are_kept(connection: Connection) -> None:
    add_boundary_counts(connection, [(DAY, "simple", cents, 1) for cents in range(101)])
    day = dt.datetime.combine(DAY, dt.time(), dt.UTC)
    middles, counts = boundary_traffic(connection, "simple", since=day)
    assert middles[0] == 0.005
    assert middles[99:] == [0.995, 1.0]
    assert middles == sorted(middles)
    assert counts == [1] * 101


def test_the_largest_weight_stays_and_the_counts_too(connection: Connection) -> None:
    add_boundary_counts(connection, [(DAY, "simple", 71, 5)])
    note_largest_weights(connection, [])
    note_largest_weights(connection, [(DAY, "simple", 71, 20.0), (DAY, "simple", 98, 33.0)])
    note_largest_weights(connection, [(DAY, "simple", 71, 12.5), (DAY, "simple", 98, 34.0)])
    caps = weight_caps(connection, "simple", since=DAY, unknown=1.0)
    assert (len(caps), caps[71], caps[98]) == (101, 20.0, 34.0)
    assert sum(caps) == 54.0
    found = connection.execute(text("select cents, requests from boundary_counts order by 1")).all()
    assert found == [(71, 5), (98, 0)]


def test_weights_are_those_of_the_boundary_since_the_day(connection: Connection) -> None:
    note_largest_weights(connection, [(BEFORE, "simple", 71, 200.0), (DAY, "simple", 71, 20.0)])
    note_largest_weights(connection, [(DAY, "standard", 71, 60.0)])
    assert weight_caps(connection, "simple", since=DAY, unknown=1.0)[71] == 20.0
    assert weight_caps(connection, "simple", since=BEFORE, unknown=1.0)[71] == 200.0
    assert weight_caps(connection, "simple", since=None, unknown=1.0)[71] == 200.0


def test_what_an_older_version_counted_has_the_weight_that_stands_for_the_unknown(
    connection: Connection,
) -> None:
    add_boundary_counts(connection, [(DAY, "simple", 40, 5), (DAY, "simple", 71, 5)])
    note_largest_weights(connection, [(DAY, "simple", 71, 20.0), (DAY, "simple", 80, 0.0)])
    caps = weight_caps(connection, "simple", since=DAY, unknown=50.0)
    # 40: nobody noted it; 80: noted that none could be drawn; 90: no request came.
    assert (caps[40], caps[71], caps[80], caps[90]) == (50.0, 20.0, 0.0, 0.0)


def test_where_nothing_was_counted_everything_is_unknown(connection: Connection) -> None:
    assert weight_caps(connection, "simple", since=DAY, unknown=7.0) == [7.0] * 101


@pytest.mark.parametrize("order", [[20.0, 60.0], [60.0, 20.0]])
def test_the_order_of_gateways_is_all_one(connection: Connection, order: list[float]) -> None:
    for weight in order:
        note_largest_weights(connection, [(DAY, "simple", 71, weight)])
    assert weight_caps(connection, "simple", since=DAY, unknown=1.0)[71] == 60.0


def test_no_traffic_is_empty(connection: Connection) -> None:
    since = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert boundary_traffic(connection, "simple", since=since) == ([], [])
