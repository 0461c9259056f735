import datetime as dt
import math
from collections import Counter

import pytest
from factories.rows import NOW, add_exchange, add_rollup
from sqlalchemy import Connection

from tierwatch.store.sums.hours import fold_hours
from tierwatch.store.sums.served import Stretch, TierStep, served

MINUTE = dt.timedelta(minutes=1)


def tier_steps(connection: Connection, stretch: Stretch) -> list[TierStep]:
    return served(connection, stretch).steps


def test_requests_and_costs_by_step_and_tier(connection: Connection) -> None:
    for minutes, requests in ((0, 10), (14, 5), (15, 7), (59, 2), (60, 100)):
        add_rollup(connection, "simple", requests, minute=NOW + minutes * MINUTE,
                   cost_usd=1.0, classifier_cost_usd=0.25, cost_top_tier_usd=4.0)  # fmt: skip
    add_rollup(connection, "complex", 1, minute=NOW)
    found = tier_steps(connection, Stretch(NOW, NOW + 60 * MINUTE, 4))
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
    found = tier_steps(connection, Stretch(NOW, NOW + 61 * MINUTE, steps))
    assert sum(one.requests for one in found) == 16
    assert {one.step for one in found} <= set(range(steps))


@pytest.mark.parametrize("steps", [1, 5, 14, 60])
@pytest.mark.parametrize(("first", "minutes"), [(0, 3_000), (17, 2_951), (59, 600), (120, 1_680)])
def test_hours_that_were_added_up_change_no_step(
    connection: Connection, first: int, minutes: int, steps: int
) -> None:
    for minute in range(0, 3_000, 7):
        add_rollup(connection, ("simple", "complex")[minute % 2], 1 + minute % 5,
                   minute=NOW + minute * MINUTE, classifier_cost_usd=0.25)  # fmt: skip
    since, until = NOW + first * MINUTE, NOW + (first + minutes) * MINUTE
    before = tier_steps(connection, Stretch(since, until, steps))
    # As each minute says by itself.
    step_s, counted = minutes * 60 / steps, Counter[tuple[int, str]]()
    for minute in range(0, 3_000, 7):
        if first <= minute < first + minutes:
            step = min(math.floor((minute - first) * 60 / step_s), steps - 1)
            counted[step, ("simple", "complex")[minute % 2]] += 1 + minute % 5
    assert {(one.step, one.tier): one.requests for one in before} == counted
    while fold_hours(connection, NOW + 6_000 * MINUTE):
        pass
    after = tier_steps(connection, Stretch(since, until, steps))
    assert [(one.step, one.tier, one.requests) for one in after] == [
        (one.step, one.tier, one.requests) for one in before
    ]
    assert [one.cost_usd for one in after] == pytest.approx([one.cost_usd for one in before])


@pytest.mark.parametrize("hours", [1, 24, 25, 30])
@pytest.mark.parametrize("folded", [0, 20, 100])
def test_a_saving_is_by_the_minute_until_a_day_is_over(
    connection: Connection, hours: int, folded: int
) -> None:
    """Hours have an interval of their own only where there are enough of them."""
    for hour in (0, hours):
        for minute, usd in ((3, 1.0), (9, 0.5)):
            add_rollup(connection, "simple", 2, minute=NOW + (60 * hour + minute) * MINUTE,
                       cost_usd=usd, cost_top_tier_usd=4 * usd)  # fmt: skip
    add_exchange(connection, 50 * 3_600)  # an hour without requests costs nothing
    fold_hours(connection, NOW + 60 * folded * MINUTE)
    found = served(connection)
    usd = [1.5, 1.5] if hours > 24 else [1.0, 0.5, 1.0, 0.5]
    assert list(found.costs) == usd
    assert list(found.tops) == [4 * one for one in usd]


def test_all_and_its_steps_are_what_each_is_alone(connection: Connection) -> None:
    nothing = served(connection, Stretch(NOW, NOW + 60 * MINUTE, 4))
    assert (nothing.tiers, list(nothing.costs), list(nothing.tops), nothing.steps) == (
        {}, [], [], []
    )  # fmt: skip
    for minute in range(0, 3_000, 7):
        add_rollup(connection, ("simple", "complex")[minute % 2], 1, minute=NOW + minute * MINUTE)
    stretch = Stretch(NOW + 100 * MINUTE, NOW + 2_000 * MINUTE, 12)
    for before in (0, 20, 90):
        fold_hours(connection, NOW + 60 * before * MINUTE)
        both, alone = served(connection, stretch), served(connection)
        assert sum(one.requests for one in both.steps) == 271
        assert (both.tiers, both.costs, both.tops) == (alone.tiers, alone.costs, alone.tops)
        assert alone.steps == []
        assert {tier: one.requests for tier, one in alone.tiers.items()} == {
            "complex": 214, "simple": 215
        }  # fmt: skip
        assert all(isinstance(one.requests, int) for one in alone.tiers.values())
