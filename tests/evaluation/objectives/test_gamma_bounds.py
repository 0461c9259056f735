import math
import random

import numpy as np
import pytest
from factories.boundaries import one_boundary
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierwatch.evaluation.objectives.gamma_bounds import upper_of_mean, upper_of_sum
from tierwatch.evaluation.objectives.total_loss import total_loss


def test_the_bound_of_equal_pairs_is_that_of_a_poisson_count() -> None:
    # y = 4 / 100, v = 4 / 100^2, m = 1 / 100: shape (5/100)^2 / (5/100^2) = 5, scale 1 / 100.
    lost = total_loss(one_boundary(80, 20, 4), [0.5])
    assert lost.value == pytest.approx(0.04)
    assert lost.high == pytest.approx(stats.gamma.ppf(0.975, 5, scale=0.01))
    # Below, what was never seen may still be there: 0 better ones of 100 may be -log(.025) / 100.
    below = 0.04 - stats.gamma.ppf(0.025, 4, scale=0.01)
    assert lost.low == pytest.approx(0.04 - np.hypot(below, -np.log(0.025) / 100))


def test_without_a_loss_the_bound_is_not_zero() -> None:
    # -log(.025) / 100, the exact bound of a Poisson count of 0.
    lost = total_loss(one_boundary(80, 20, 0), [0.5])
    assert lost.value == 0
    assert lost.high == pytest.approx(-np.log(0.025) / 100) == -lost.low


terms = st.lists(st.floats(-0.01, 0.01), min_size=1, max_size=40)


def bound(values: list[float], d: float = 0.05, largest: float = 0.01) -> float:
    return upper_of_sum(np.array(values)[:, None], largest, d)


def test_the_bound_of_no_exchange_is_everything() -> None:
    assert upper_of_sum(np.empty((0, 2)), 0.0, 0.05) == math.inf


@given(terms, st.floats(0.001, 0.4), st.floats(0.001, 0.4))
def test_it_is_above_the_sum_and_rises_with_the_certainty(
    values: list[float], one: float, other: float
) -> None:
    sure, unsure = sorted((one, other))
    assert bound(values, sure) >= bound(values, unsure) >= sum(values) - 1e-12


@given(terms, st.randoms())
def test_the_order_of_exchanges_does_not_matter(values: list[float], chance: random.Random) -> None:
    turned = list(values)
    chance.shuffle(turned)
    assert bound(turned) == pytest.approx(bound(values))


@given(terms, st.floats(0.1, 10))
def test_it_scales_with_the_terms(values: list[float], factor: float) -> None:
    scaled = bound([factor * value for value in values], largest=factor * 0.01)
    assert scaled == pytest.approx(factor * bound(values))


def test_terms_of_one_exchange_are_added_before_they_are_bounded() -> None:
    # What is lost at one boundary and won at the other by the same exchange cancels.
    both = np.array([[0.01, -0.01]] * 5)
    apart = np.array([[0.01, 0.0], [0.0, -0.01]] * 5)
    assert upper_of_sum(both, 0.01, 0.05) == pytest.approx(
        math.hypot(
            upper_of_sum(np.array([[0.01]] * 5), 0.01, 0.05) - 0.05,
            0.05 - stats.gamma.ppf(0.05, 5, scale=0.01),
        )
    )
    assert upper_of_sum(both, 0.01, 0.05) == upper_of_sum(apart, 0.01, 0.05)


def test_a_mean_is_the_sum_of_its_terms() -> None:
    z = np.array([0.02, 0.0, 0.03])
    assert upper_of_mean(z, 0.05, 0.1) == upper_of_sum(z[:, None], 0.05, 0.1)


def test_it_covers_a_poisson_count() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for count in rng.poisson(6, 400):
        values = [0.01] * int(count) + [0.0]
        held += bound(values) >= 0.06
    # 95 % of 400 is 380, standard deviation 4.4; the bound is a little wide.
    assert held >= 372
