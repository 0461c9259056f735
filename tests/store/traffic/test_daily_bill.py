"""A day's bill, and the requests of a day between two thresholds."""

import datetime as dt

import factories.rows as put
import pytest
from sqlalchemy import Connection

from tierwatch.store.traffic.boundary_traffic import add_boundary_counts
from tierwatch.store.traffic.daily_bill import daily_bill

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def at(connection: Connection, minute: dt.datetime, usd: float) -> None:
    put.add_rollup(
        connection, "simple", 10, minute=minute, cost_usd=usd, classifier_cost_usd=usd / 10
    )


def test_without_traffic_there_is_no_bill(connection: Connection) -> None:
    assert daily_bill(connection, "simple", low=0.6, high=0.7, now=NOW) is None


def test_a_mean_day_of_as_long_as_there_has_been_traffic(connection: Connection) -> None:
    at(connection, NOW - dt.timedelta(days=2), 30.0)
    at(connection, NOW - dt.timedelta(hours=1), 10.0)
    day = NOW.date()
    add_boundary_counts(
        connection,
        [
            (day, "simple", 59, 1_000),
            (day, "simple", 60, 30),
            (day - dt.timedelta(days=2), "simple", 69, 10),
            (day, "simple", 70, 1_000),
            (day, "standard", 65, 1_000),
        ],
    )
    found = daily_bill(connection, "simple", low=0.6, high=0.7, now=NOW)
    assert found is not None
    assert found.usd == pytest.approx(44.0 / 2)
    assert found.moving == pytest.approx(20.0)


def test_what_is_older_than_the_week_is_no_part_of_it(connection: Connection) -> None:
    old = NOW - dt.timedelta(days=7)
    at(connection, old, 1e6)
    add_boundary_counts(connection, [(old.date(), "simple", 65, 10**6)])
    assert daily_bill(connection, "simple", low=0.6, high=0.7, now=NOW) is None
    at(connection, NOW - dt.timedelta(days=1), 10.0)
    found = daily_bill(connection, "simple", low=0.6, high=0.7, now=NOW)
    assert found is not None
    assert (found.usd, found.moving) == (pytest.approx(11.0), 0.0)


def test_a_first_minute_is_no_day(connection: Connection) -> None:
    at(connection, NOW, 1.0)
    found = daily_bill(connection, "simple", low=0.6, high=0.7, now=NOW)
    assert found is not None
    assert found.usd == pytest.approx(1.1 * 24)
