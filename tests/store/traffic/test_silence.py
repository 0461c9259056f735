"""How long nothing has come, beside the same stretch of other days."""

import datetime as dt

import factories.rows as put
from sqlalchemy import Connection

from tierwatch.store.traffic.silence import (
    minutes_with_traffic,
    traffic_silence,
    verdict_silence,
)

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
MINUTE, HALF_HOUR = dt.timedelta(minutes=1), dt.timedelta(minutes=30)


def traffic(connection: Connection, ago: dt.timedelta, minutes: int, *, requests: int = 3) -> None:
    """Requests in so many minutes before a moment."""
    for number in range(minutes):
        put.add_rollup(connection, "simple", requests, minute=NOW - ago - (number + 1) * MINUTE)


def test_before_the_first_request_nothing_is_known(connection: Connection) -> None:
    assert traffic_silence(connection, NOW) is None
    traffic(connection, 5 * MINUTE, 3, requests=0)
    assert traffic_silence(connection, NOW) is None


def test_the_same_stretch_of_yesterday_and_of_a_week_ago(connection: Connection) -> None:
    traffic(connection, 20 * MINUTE, 1)
    found = traffic_silence(connection, NOW)
    assert found is not None
    assert (found.last, found.day_before) == (NOW - 21 * MINUTE, 0)
    assert found.week_before is None
    day = dt.timedelta(days=1)
    traffic(connection, day - 5 * MINUTE, 60)
    found = traffic_silence(connection, NOW)
    assert found is not None
    # From 21 minutes before to the same minute of yesterday, 12:00 included.
    assert (found.day_before, found.week_before) == (21, None)
    traffic(connection, 7 * day + 40 * MINUTE, 5)
    found = traffic_silence(connection, NOW)
    assert found is not None
    assert found.week_before == 0


def test_minutes_are_counted_once_whatever_their_tiers(connection: Connection) -> None:
    for tier in ("simple", "standard"):
        put.add_rollup(connection, tier, 1, minute=NOW)
    put.add_rollup(connection, "simple", 0, minute=NOW + MINUTE)
    assert minutes_with_traffic(connection, NOW - MINUTE) == 1
    assert minutes_with_traffic(connection, NOW) == 0


def test_what_waits_and_what_failed_since_the_last_verdict(connection: Connection) -> None:
    now = dt.datetime.now(dt.UTC)
    found = verdict_silence(connection, now, older_than=HALF_HOUR)
    assert (found.last, found.waiting, found.failed) == (None, 0, 0)
    put.add_exchange(connection, 1, captured_at=now - 2 * HALF_HOUR)
    put.add_exchange(connection, 2, captured_at=now)
    found = verdict_silence(connection, now, older_than=HALF_HOUR)
    assert (found.last, found.waiting) == (None, 1)
