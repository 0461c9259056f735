"""The change of the mean cost on the same requests, with an interval that covers it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.replacement.cost_change import cost_change

COSTS = st.floats(min_value=1e-6, max_value=10.0)


def test_the_arithmetic() -> None:
    # Served 1 and 3, candidate 1 and 1: 2 / 4 - 1 = -.5. Residuals 1 - .5 and 1 - 1.5 are .5 and
    # -.5, so the error is sqrt(.5) / 4 = .1768, and 1.96 of it .3465.
    found = cost_change([1.0, 3.0], [1.0, 1.0], [1.0, 1.0])
    assert found.value == -0.5
    assert found.low == pytest.approx(-0.5 - 0.3465, abs=1e-3)
    assert found.high == pytest.approx(-0.5 + 0.3465, abs=1e-3)


def test_weights_count() -> None:
    assert cost_change([1.0, 1.0], [2.0, 0.0], [3.0, 1.0]).value == 0.5


@pytest.mark.parametrize("costs", [([], []), ([1.0], [1.0]), ([0.0, 0.0], [1.0, 1.0])])
def test_too_little_is_no_figure(costs: tuple[list[float], list[float]]) -> None:
    assert cost_change(*costs, [1.0] * len(costs[0])).value is None


@given(st.lists(st.tuples(COSTS, COSTS), min_size=2, max_size=40))
def test_a_free_candidate_saves_all(pairs: list[tuple[float, float]]) -> None:
    served = [one for one, _ in pairs]
    assert cost_change(served, [0.0] * len(served), [1.0] * len(served)).value == -1.0
    found = cost_change(served, [other for _, other in pairs], [1.0] * len(served))
    assert found.value is not None
    assert -1 <= found.low <= found.value <= found.high


@pytest.mark.parametrize("wrong", [([-1.0, 1.0], [1.0, 1.0]), ([1.0, 1.0], [math.nan, 1.0])])
def test_costs_that_are_none_are_refused(wrong: tuple[list[float], list[float]]) -> None:
    with pytest.raises(EvidenceError):
        cost_change(*wrong, [1.0, 1.0])


def test_the_interval_covers() -> None:
    rng, covered = np.random.default_rng(3), 0
    for _ in range(300):
        served = rng.gamma(2.0, 1.0, 200)
        found = cost_change(served, served * rng.gamma(4.0, 0.1, 200), np.ones(200))
        covered += found.low <= -0.6 <= found.high
    assert covered >= 275  # 95 % of 300 is 285
