import pytest
from scipy import stats

from tierwatch.evaluation.rates.weighted import effective_n, weighted_rate


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
