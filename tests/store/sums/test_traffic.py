"""Traffic in steps: every request once, in the step of its minute."""

import datetime as dt

import factories.rows as put
import pytest
from sqlalchemy import Connection

from tierwatch.store.sums.judged import HOUR
from tierwatch.store.sums.traffic import traffic_series


def test_requests_stand_in_the_step_of_their_minute(connection: Connection) -> None:
    for minute, requests in ((0, 3), (59, 4), (60, 5), (179, 6)):
        put.add_rollup(
            connection, "simple", requests, minute=put.NOW + dt.timedelta(minutes=minute)
        )
    put.add_rollup(connection, "standard", 7, errors=2, sampled=1, minute=put.NOW, cost_usd=0.5)
    found = traffic_series(
        connection,
        since=put.NOW + dt.timedelta(minutes=10),
        until=put.NOW + 3 * HOUR,
        step=2 * HOUR,
    )
    assert [(one.start - put.NOW, one.tier, one.requests) for one in found] == [
        (dt.timedelta(0), "simple", 12),
        (dt.timedelta(0), "standard", 7),
        (2 * HOUR, "simple", 6),
    ]
    assert (found[1].errors, found[1].sampled, found[1].cost_usd) == (2, 1, 0.5)
    assert found[0].latency_ms == 1_200


def test_what_lies_outside_is_left_out(connection: Connection) -> None:
    put.add_rollup(connection, "simple", 3)
    hour = {"step": HOUR}
    assert traffic_series(connection, since=put.NOW - HOUR, until=put.NOW, **hour) == []
    assert traffic_series(connection, since=put.NOW + HOUR, until=put.NOW + 2 * HOUR, **hour) == []


def test_a_step_is_of_whole_hours(connection: Connection) -> None:
    with pytest.raises(ValueError, match="accepted: whole hours"):
        traffic_series(
            connection, since=put.NOW, until=put.NOW + HOUR, step=dt.timedelta(minutes=1)
        )
