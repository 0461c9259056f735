import math
from dataclasses import replace

import numpy as np
import pytest
from factories.replayed import LOGGED, pairs, replay
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.counterfactual.boundary_outcomes import (
    BoundaryOutcomes,
    Columns,
    checked_boundary,
)
from tierwatch.evaluation.counterfactual.changes import cost_change
from tierwatch.evaluation.counterfactual.replay import replay_policy


def test_two_boundaries_count_each_request_once() -> None:
    # standard: 80 of the 160 escalated requests, seen under pi 1/2 each, all kept by standard now.
    standard = replace(
        pairs([(0.9, 0, 0.5, 70), (0.9, 1, 0.5, 10)]),
        lower_cost_usd=np.full(80, 3.0),
        upper_cost_usd=np.full(80, 9.0),
    )
    found = replay_policy(
        {"simple": LOGGED, "standard": standard},
        {"simple": 0.7, "standard": 0.8},
        {"simple": 0.6},
    )
    simple, other = found.boundaries
    assert (simple.threshold, other.threshold) == (0.6, 0.8)
    assert (other.misroutes_change.value, other.cost_change.value) == (0.0, 0.0)
    # Requests: 60 kept by simple, 160 by standard. Misroutes: 32 more among 220.
    assert found.quality_change.value == pytest.approx(-32 / 220)
    # Cost now 60 x 1 + 160 x 3, once; change 160 x (1 - 3).
    assert found.cost_change.value == pytest.approx(-320 / 540)
    assert found.cost_change.low < -320 / 540 < found.cost_change.high < 0
    assert found.quality_change.low < -32 / 220 < found.quality_change.high < 0


def test_free_traffic_has_no_relative_cost() -> None:
    free = replace(LOGGED, lower_cost_usd=np.zeros(100), upper_cost_usd=np.zeros(100))
    found = replay(free, 0.7, 0.6)
    assert found.cost_change.value is None
    assert found.quality_change.value is not None


def test_a_boundary_nobody_has_come_to_does_not_hide_the_others() -> None:
    pairs = BoundaryOutcomes([0.9] * 60 + [0.65] * 40, [0] * 100, [1] * 100, [1] * 100, [3] * 100)
    nobody = BoundaryOutcomes([], [], [], [], [])
    found = replay_policy(
        {"simple": pairs, "standard": nobody}, {"simple": 0.7, "standard": 0.7}, {"simple": 0.6}
    )
    assert found.refused is None
    # 60 x 1 + 40 x 3 = 180 now, 100 then.
    assert found.cost_change.value == pytest.approx(100 / 180 - 1)
    assert found.quality_change.value == 0.0


def one(now: float, then: float, outcomes: BoundaryOutcomes = LOGGED) -> Columns:
    return checked_boundary("simple", outcomes, now, then)


def test_a_boundary_by_itself_counts_what_it_escalates_and_below_others_it_does_not() -> None:
    # 60 kept at 1 and 160 escalated at 3: 540; in a ladder these 160 are paid for further up.
    alone = cost_change([one(0.7, 0.6)], 0.95, last_only=False)
    assert alone.value == pytest.approx(-320 / 540)
    above = one(0.7, 0.7, pairs([(0.9, 0, 1.0, 100)]))
    # 60 of the first, and 100 kept by the second at 1: 160 now, 320 less then. Not capped.
    ladder = cost_change([one(0.7, 0.6), above], 0.95)
    assert ladder.value == pytest.approx(-320 / 160)
    assert ladder.low <= -1


@given(st.integers(0, 100), st.integers(0, 100))
def test_there_and_back_costs_nothing(now: int, then: int) -> None:
    there = cost_change([one(now / 100, then / 100)], 0.95)
    back = cost_change([one(then / 100, now / 100)], 0.95)
    if there.value is None or back.value is None:
        return
    # (1 + a) (1 + b) = 1: the second is relative to what the first led to.
    assert (1 + there.value) * (1 + back.value) == pytest.approx(1.0)
    assert there.low <= there.value <= there.high


def test_a_cheaper_upper_tier_turns_the_sign() -> None:
    n = 100
    cheap = BoundaryOutcomes([0.8] * 60 + [0.65] * 40, [0] * n, [1.0] * n, [3.0] * n, [1.0] * n)
    # 60 x 3 + 40 x 1 = 220 now, 300 when all is kept on the dearer tier.
    assert cost_change([one(0.7, 0.6, cheap)], 0.95).value == pytest.approx(80 / 220)


def test_where_nothing_is_paid_nothing_is_relative_to_it() -> None:
    free = BoundaryOutcomes([0.8], [0], [1.0], [0.0], [0.0])
    found = cost_change([one(0.7, 0.9, free)], 0.95)
    assert (found.value, found.low, found.high) == (None, -1.0, math.inf)
    nobody = BoundaryOutcomes([], [], [], [], [])
    assert cost_change([one(0.7, 0.6, nobody)], 0.95).value is None


def test_thresholds_that_stay_change_nothing_however_little_is_known() -> None:
    nobody = BoundaryOutcomes([], [], [], [], [])
    found = cost_change([one(0.7, 0.7, nobody)], 0.95)
    assert (found.value, found.low, found.high, found.n) == (0.0, 0.0, 0.0, 0)


def test_a_higher_level_is_wider_and_more_pairs_are_narrower() -> None:
    def width(outcomes: BoundaryOutcomes, level: float) -> float:
        found = cost_change([one(0.7, 0.6, outcomes)], level)
        return found.high - found.low

    many = pairs([(0.8, 0, 1.0, 6_000), (0.65, 0, 0.25, 4_000)])
    assert width(LOGGED, 0.8) < width(LOGGED, 0.99)
    # A hundred times the pairs.
    assert width(many, 0.95) == pytest.approx(width(LOGGED, 0.95) / 10, rel=0.15)
