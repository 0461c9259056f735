import datetime as dt

import pytest
from factories.rows import NOW, add_rollup
from sqlalchemy import Connection

from tierwatch.store.pages.over_time.traffic import first_minute, tier_steps

MINUTE = dt.timedelta(minutes=1)


def test_requests_and_costs_by_step_and_tier(connection: Connection) -> None:
    for minutes, requests in ((0, 10), (14, 5), (15, 7), (59, 2), (60, 100)):
        add_rollup(connection, "simple", requests, minute=NOW + minutes * MINUTE,
                   cost_usd=1.0, classifier_cost_usd=0.25, cost_top_tier_usd=4.0)  # fmt: skip
    add_rollup(connection, "complex", 1, minute=NOW)
    found = tier_steps(connection, NOW, NOW + 60 * MINUTE, steps=4)
    assert [(one.step, one.tier, one.requests) for one in found] == [
        (0, "complex", 1),
        (0, "simple", 15),
        (1, "simple", 7),
        (3, "simple", 2),
    ]
    assert found[1].cost_usd == 2.5
    assert found[1].top_tier_usd == 8.0
    assert isinstance(found[1].requests, int)


@pytest.mark.parametrize("steps", [1, 7, 48])
def test_every_minute_is_in_one_step(connection: Connection, steps: int) -> None:
    for minutes in range(0, 61, 4):
        add_rollup(connection, "simple", 1, minute=NOW + minutes * MINUTE)
    found = tier_steps(connection, NOW, NOW + 61 * MINUTE, steps=steps)
    assert sum(one.requests for one in found) == 16
    assert {one.step for one in found} <= set(range(steps))


def test_since_when_there_is_any(connection: Connection) -> None:
    assert first_minute(connection) is None
    add_rollup(connection, "simple", 1, minute=NOW + MINUTE)
    add_rollup(connection, "simple", 1, minute=NOW)
    assert first_minute(connection) == NOW
    assert tier_steps(connection, NOW - MINUTE, NOW, steps=2) == []
