import math

import numpy as np
import pytest
from factories.certified import choose
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierwatch.evaluation.thresholds.kept_sums import KeptSums, kept_sums


def test_the_bound_of_equal_weights_is_the_exact_binomial() -> None:
    # 3 bad of 100 kept: Beta.ppf(.95, 4, 97) = .0757
    choice = choose([0.9] * 100, [1] * 3 + [0] * 97, [0.25] * 100, alpha=0.08)
    assert choice.bounds[0.6] == pytest.approx(stats.beta.ppf(0.95, 4, 97))
    assert choice.bounds[0.6] == pytest.approx(0.0757, abs=1e-4)
    assert choice.pairs[0.6] == 100


def test_the_bound_of_unequal_weights_is_fay_and_feuers() -> None:
    w = np.array([1.0] * 50 + [0.2] * 50)
    x = np.array([1.0] * 2 + [0.0] * 48 + [1.0] * 5 + [0.0] * 45)
    # y = (2 + 5 * .2) / 60 = .05, v = (2 + 5 * .04) / 3600 = .000611, m = 1 / 60
    y, v, m = 0.05, 2.2 / 3600, 1 / 60
    expected = stats.gamma.ppf(0.95, (y + m) ** 2 / (v + m**2), scale=(v + m**2) / (y + m))
    assert choose([0.9] * 100, x, w).bounds[0.6] == pytest.approx(expected)
    assert choose([0.9] * 100, x, w * 7).bounds[0.6] == pytest.approx(expected)


def test_equal_weights_are_judged_among_the_kept_pairs_only() -> None:
    choice = choose([0.9] * 100 + [0.1] * 10, [0] * 110, [1.0] * 100 + [0.5] * 10)
    assert choice.bounds[0.4] == pytest.approx(1 - 0.05 ** (1 / 100))
    mixed = choose([0.9] * 100 + [0.45] * 10, [0] * 110, [1.0] * 100 + [0.5] * 10)
    assert mixed.bounds[0.5] == pytest.approx(1 - 0.05 ** (1 / 100))
    # 105 effective weight, no loss: y = v = 0, m = 1 / 105: Gamma(1), -log(.05) / 105
    assert mixed.bounds[0.45] == pytest.approx(-math.log(0.05) / 105)


def test_a_fractional_loss_takes_the_weighted_bound() -> None:
    choice = choose([0.9] * 100, [0.5] + [0.0] * 99)
    # y = .005, v = .5 / 10,000, m = .01
    y, v, m = 0.005, 0.5e-4, 0.01
    expected = stats.gamma.ppf(0.95, (y + m) ** 2 / (v + m**2), scale=(v + m**2) / (y + m))
    assert choice.bounds[0.6] == pytest.approx(expected)


def test_only_losses_and_only_ties() -> None:
    assert choose([0.9] * 500, [1] * 500).bounds[0.6] == 1.0
    assert choose([0.9] * 500, [0] * 500).threshold == 0.4
    assert choose([0.9] * 500, [1] * 500, [1, 2] * 250).bounds[0.6] == 1.0


def test_losses_of_weights_whose_squares_vanish_bound_nothing() -> None:
    tiny = KeptSums(2, 1.0, True, 1e-200, 1.0, 1.0, 1e-200, 0.0)  # noqa: FBT003 - a field's value
    assert tiny.lower_bound(0.05) == 0.0
    assert 0 < tiny.upper_bound(0.05) <= 1


rows = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from([0.0, 1.0, 0.5]), st.floats(0.1, 10)), max_size=60
)
CANDIDATES = [0.9, 0.7, 0.5, 0.1]


@given(rows)
def test_the_sums_are_those_of_what_each_candidate_keeps(
    pairs: list[tuple[float, float, float]],
) -> None:
    c, x, w = (np.array([row[k] for row in pairs], dtype=float) for k in range(3))
    for candidate, sums in zip(CANDIDATES, kept_sums(c, x, w, CANDIDATES), strict=True):
        kept = c >= candidate
        assert sums.n == kept.sum()
        assert sums.bad == pytest.approx(x[kept].sum())
        assert sums.weight == pytest.approx(w[kept].sum())
        assert sums.weighted_bad == pytest.approx((w * x)[kept].sum())
        assert sums.squared_bad == pytest.approx((w**2 * x)[kept].sum())
        if sums.n:
            assert (sums.smallest, sums.largest) == (w[kept].min(), w[kept].max())
            assert sums.exact == (np.ptp(w[kept]) == 0 and not (x[kept] == 0.5).any())


@given(rows, st.floats(0.001, 0.4), st.floats(0.001, 0.4), st.floats(0.1, 10))
def test_bounds_enclose_the_rate_tighten_with_delta_and_ignore_the_unit_of_weights(
    pairs: list[tuple[float, float, float]], one: float, other: float, factor: float
) -> None:
    c, x, w = (np.array([row[k] for row in pairs], dtype=float) for k in range(3))
    sure, unsure = sorted((one, other))
    sums = kept_sums(c, x, w, CANDIDATES)[-1]
    scaled = kept_sums(c, x, factor * w, CANDIDATES)[-1]
    assert sums.lower_bound(sure) <= sums.lower_bound(unsure) + 1e-12
    assert sums.upper_bound(unsure) <= sums.upper_bound(sure) + 1e-12
    if sums.n:
        rate = sums.weighted_bad / sums.weight
        assert sums.lower_bound(0.4) - 1e-9 <= max(rate, 0.0)
        assert rate <= sums.upper_bound(0.4) + 1e-9
    assert scaled.upper_bound(sure) == pytest.approx(sums.upper_bound(sure), rel=1e-6, abs=1e-9)


def test_without_pairs_everything_is_possible() -> None:
    nothing = kept_sums(np.array([]), np.array([]), np.array([]), CANDIDATES)[-1]
    assert (nothing.n, nothing.lower_bound(0.05), nothing.upper_bound(0.05)) == (0, 0.0, 1.0)
