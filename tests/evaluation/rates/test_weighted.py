import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.weighted import effective_counts, effective_n, weighted_rate


def test_effective_n_is_scale_free() -> None:
    assert effective_n([2.0] * 7) == pytest.approx(7)
    # (1 + 1 + 2)^2 / (1 + 1 + 4) = 16 / 6
    assert effective_n([1, 1, 2]) == pytest.approx(16 / 6)
    assert effective_n([1e300, 1e300, 2e300]) == pytest.approx(16 / 6)
    assert effective_n([]) == 0.0


def test_a_weighted_rate_shows_its_arithmetic() -> None:
    estimate = weighted_rate([1, 0, 0, 1], [1, 1, 2, 2])
    # (1 + 2) / 6 = .5, n_eff = 36 / 10 = 3.6, so 1.8 bad of 3.6
    assert estimate.value == pytest.approx(0.5)
    assert (estimate.low, estimate.high) == pytest.approx(
        (stats.beta.ppf(0.025, 1.8, 2.8), stats.beta.ppf(0.975, 2.8, 1.8))
    )
    assert estimate.n == 4


def test_a_weighted_rate_of_nothing_of_one_and_of_ties() -> None:
    assert weighted_rate([]).value is None
    one = weighted_rate([1.0])
    assert (one.value, one.high) == (1.0, 1.0)
    assert one.low == pytest.approx(0.025)
    ties = weighted_rate([0.0] * 100, [0.3, 0.7] * 50)
    assert (ties.value, ties.low) == (0.0, 0.0)
    assert 0 < ties.high < 0.06
    assert weighted_rate([1.0] * 30, [0.1, 0.7, 0.3] * 10).high == 1.0


pair = st.tuples(st.floats(0, 1), st.floats(0.01, 100))
rows = st.lists(pair, min_size=1, max_size=40)


@given(rows, st.floats(0.01, 100), st.permutations(range(40)))
def test_scale_and_order_do_not_matter(
    pairs: list[tuple[float, float]], factor: float, order: list[int]
) -> None:
    x, w = (np.array([row[k] for row in pairs]) for k in range(2))
    turn = [place for place in order if place < len(pairs)]
    plain, other = weighted_rate(x, w), weighted_rate(x[turn], factor * w[turn])
    assert other.value == pytest.approx(plain.value)
    assert (other.low, other.high) == pytest.approx((plain.low, plain.high), abs=1e-6)


@given(rows)
def test_the_value_lies_inside_its_interval_and_the_effective_pairs_below_the_pairs(
    pairs: list[tuple[float, float]],
) -> None:
    x, w = (np.array([row[k] for row in pairs]) for k in range(2))
    found = weighted_rate(x, w)
    assert found.value is not None
    assert found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high
    bad, n = effective_counts(x, w)
    assert 0 <= bad <= n <= len(pairs) + 1e-9


def test_equal_weights_are_the_plain_interval() -> None:
    found = weighted_rate([1] * 5 + [0] * 95, [0.3] * 100)
    assert found.value == pytest.approx(0.05)
    assert (found.low, found.high) == pytest.approx(clopper_pearson(5, 100))


def test_one_heavy_pair_outweighs_the_others_and_is_one_pair() -> None:
    # (1e9 + 99)^2 / (1e18 + 99) is 1: whatever the others say, nothing is known.
    found = weighted_rate([1] + [0] * 99, [1e9] + [1.0] * 99)
    assert found.value == pytest.approx(1, abs=1e-6)
    assert found.low == pytest.approx(0.025, abs=1e-3)


def test_an_empty_sample_counts_nothing() -> None:
    assert effective_counts(np.array([]), np.array([])) == (0.0, 0.0)


@pytest.mark.parametrize("weights", [[1.0, 0.0], [1.0, -1.0], [1.0, np.inf], [1.0, np.nan], [1.0]])
def test_weights_that_are_none_are_refused(weights: list[float]) -> None:
    with pytest.raises(EvidenceError, match="weights"):
        weighted_rate([0, 1], weights)
