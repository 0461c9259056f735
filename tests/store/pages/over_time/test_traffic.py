import datetime as dt
import math
from collections import Counter

import pytest
from factories.rows import NOW, add_rollup
from sqlalchemy import Connection

from tierwatch.store.pages.over_time.traffic import first_minute, tier_steps
from tierwatch.store.sums.hours import fold_hours

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


@pytest.mark.parametrize("steps", [1, 5, 14, 60])
@pytest.mark.parametrize(("first", "minutes"), [(0, 3_000), (17, 2_951), (59, 600), (120, 1_680)])
def test_hours_that_were_added_up_change_no_step(
    connection: Connection, first: int, minutes: int, steps: int
) -> None:
    for minute in range(0, 3_000, 7):
        add_rollup(connection, ("simple", "complex")[minute % 2], 1 + minute % 5,
                   minute=NOW + minute * MINUTE, classifier_cost_usd=0.25)  # fmt: skip
    since, until = NOW + first * MINUTE, NOW + (first + minutes) * MINUTE
    before = tier_steps(connection, since, until, steps=steps)
    # As each minute says by itself.
    step_s, counted = minutes * 60 / steps, Counter[tuple[int, str]]()
    for minute in range(0, 3_000, 7):
        if first <= minute < first + minutes:
            step = min(math.floor((minute - first) * 60 / step_s), steps - 1)
            counted[step, ("simple", "complex")[minute % 2]] += 1 + minute % 5
    assert {(one.step, one.tier): one.requests for one in before} == counted
    while fold_hours(connection, NOW + 6_000 * MINUTE):
        pass
    after = tier_steps(connection, since, until, steps=steps)
    assert [(one.step, one.tier, one.requests) for one in after] == [
        (one.step, one.tier, one.requests) for one in before
    ]
    assert [one.cost_usd for one in after] == pytest.approx([one.cost_usd for one in before])
