import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.weighted import (
    RateSums,
    effective_counts,
    effective_n,
    rate_of_sums,
    rate_of_the_rest,
    weighted_rate,
)


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


weights = st.floats(0.01, 1e4)
talks = st.lists(st.tuples(weights, st.floats(0, 1)), min_size=1, max_size=30)


def added(conversations: list[tuple[float, float]]) -> RateSums:
    return RateSums(
        pairs=len(conversations),
        bad=0.0,
        weight=sum(weight for weight, _ in conversations),
        lost=sum(weight * loss for weight, loss in conversations),
        squares=sum(weight**2 for weight, _ in conversations),
    )


@given(talks)
def test_the_rate_is_the_weighted_mean_within_its_interval(
    conversations: list[tuple[float, float]],
) -> None:
    found = rate_of_sums(added(conversations))
    w, x = np.array(conversations).T
    assert found.value == pytest.approx(float(w @ x / w.sum()), abs=1e-9)
    assert 0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1
    assert found.n == len(conversations)
    assert added(conversations).effective == pytest.approx(effective_n(w))


@given(talks)
def test_the_rest_is_what_is_not_lost(conversations: list[tuple[float, float]]) -> None:
    sums = added(conversations)
    lost, rest = rate_of_sums(sums), rate_of_the_rest(sums)
    assert lost.value is not None
    assert rest.value == pytest.approx(1 - lost.value)
    assert (rest.low, rest.high) == (1 - lost.high, 1 - lost.low)


@given(talks, st.floats(1, 1e6))
def test_more_squares_make_it_no_narrower(
    conversations: list[tuple[float, float]], more: float
) -> None:
    sums = added(conversations)
    wider = RateSums(sums.pairs, sums.bad, sums.weight, sums.lost, sums.squares * more)
    assert wider.effective <= sums.effective
    assert wider.effective >= 1
    narrow, wide = rate_of_sums(sums), rate_of_sums(wider)
    assert wide.high - wide.low >= narrow.high - narrow.low - 1e-9


@pytest.mark.parametrize("sums", [RateSums(), RateSums(pairs=0, weight=3.0, squares=9.0)])
def test_without_pairs_nothing_is_known(sums: RateSums) -> None:
    assert rate_of_sums(sums).value is None
    assert rate_of_the_rest(sums).value is None


def test_rounding_makes_no_rate_beyond_one() -> None:
    third = 1 / 3
    sums = RateSums(pairs=3, weight=third * 3, lost=third * 3 + 1e-12, squares=1 / 3)
    assert rate_of_sums(sums).value == 1.0
    below = RateSums(pairs=3, weight=1.0, lost=-1e-18, squares=1 / 3)
    assert rate_of_sums(below).value == 0.0


def test_a_higher_level_is_a_wider_interval() -> None:
    sums = RateSums(pairs=100, weight=100.0, lost=10.0, squares=100.0)
    narrow, wide = rate_of_sums(sums, level=0.9), rate_of_sums(sums, level=0.99)
    assert wide.low < narrow.low
    assert wide.high > narrow.high
