from dataclasses import replace

import numpy as np
import pytest
from factories.replayed import LOGGED, pairs, replay

from tierwatch.evaluation.counterfactual.outcomes import BoundaryOutcomes
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
