import numpy as np
import pytest
from factories.replayed import pairs, replay
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.counterfactual.hajek import (
    effective_pairs,
    hajek_rate,
    linearised_variance,
    most_effective,
    signed,
)
from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.weighted import weighted_rate


def test_the_interval_is_korn_and_graubards() -> None:
    # 33 losses are enough to believe their variance; requests 500, 25 + 4 x 8 = 57 of them bad.
    evidence = pairs([(0.8, 1, 1.0, 25), (0.8, 0, 1.0, 75), (0.8, 1, 0.25, 8), (0.8, 0, 0.25, 92)])
    one = replay(evidence, 0.7, 0.7).boundaries[0]
    h = 57 / 500
    squares = 25 * (1 - h) ** 2 + 75 * h**2 + 8 * (4 - 4 * h) ** 2 + 92 * (4 * h) ** 2
    n = h * (1 - h) / (200 / 199 * squares / 500**2)
    assert 500**2 / 1_700 < n < 200
    assert (one.misroute.low, one.misroute.high) == pytest.approx(clopper_pearson(h * n, n))


def test_a_few_losses_count_by_kishs_n_at_most() -> None:
    evidence = pairs([(0.8, 1, 1.0, 3), (0.8, 0, 1.0, 97), (0.8, 0, 0.25, 100)])
    misroute = replay(evidence, 0.7, 0.7).boundaries[0].misroute
    n = 500**2 / 1_700
    assert (misroute.low, misroute.high) == pytest.approx(clopper_pearson(3 / 500 * n, n))


def test_no_loss_at_all_is_not_certainty() -> None:
    one = replay(pairs([(0.8, 0, 0.5, 59), (0.65, 0, 0.5, 41)]), 0.7, 0.6).boundaries[0]
    assert (one.misroute.value, one.misroute.low) == (0.0, 0.0)
    # Clopper and Pearson's for none of 100.
    assert one.misroute.high == pytest.approx(0.0362, abs=1e-4)
    assert one.misroutes_change.high == pytest.approx(0.0362, abs=1e-4)


def test_a_tiny_pi_shows_in_the_effective_pairs_and_is_not_cut() -> None:
    evidence = pairs([(0.8, 0, 0.5, 200), (0.8, 1, 0.0001, 1)])
    one = replay(evidence, 0.7, 0.7).boundaries[0]
    assert one.misroute.value == pytest.approx(10_000 / 10_400)
    assert one.effective == pytest.approx(10_400**2 / (800 + 1e8))
    assert one.misroute.low < 0.05


rows = st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.floats(0.1, 50)), min_size=1, max_size=60)


def columns(pairs: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([x for x, _ in pairs]), np.array([w for _, w in pairs])


@given(rows, st.floats(0.1, 10))
def test_the_rate_is_a_mean_within_its_interval_whatever_the_unit_of_weights(
    pairs: list[tuple[float, float]], factor: float
) -> None:
    x, w = columns(pairs)
    found = hajek_rate(x, w, 0.95)
    assert found.value is not None
    assert found.value == pytest.approx(float(x @ w / w.sum()))
    assert 0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1
    scaled = hajek_rate(x, factor * w, 0.95)
    assert (scaled.value, scaled.low, scaled.high) == pytest.approx(
        (found.value, found.low, found.high), abs=1e-6
    )


@given(rows)
def test_a_higher_level_is_never_narrower(pairs: list[tuple[float, float]]) -> None:
    narrow, wide = (hajek_rate(*columns(pairs), level) for level in (0.8, 0.99))
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


def test_few_losses_are_as_uncertain_as_the_plain_weighted_rate() -> None:
    rng = np.random.default_rng(3)
    w = rng.uniform(0.5, 5, 200)
    x = np.zeros(200)
    x[:5] = 1
    found, plain = hajek_rate(x, w, 0.95), weighted_rate(x, w)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), rel=0.2)
    assert found.high - found.low >= plain.high - plain.low - 1e-12


def test_no_pairs_have_no_rate() -> None:
    assert hajek_rate(np.array([]), np.array([]), 0.95) == unknown()


def test_one_pair_has_no_spread_and_is_one_pair() -> None:
    assert linearised_variance(np.array([0.0]), np.array([3.0])) == 0.0
    found = hajek_rate(np.array([1.0]), np.array([3.0]), 0.95)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.025)


def test_the_variance_is_that_of_a_mean_for_equal_weights() -> None:
    x = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    assert linearised_variance(x - 0.6, np.ones(5)) == pytest.approx(x.var(ddof=1) / 5)


@pytest.mark.parametrize(
    ("value", "variance", "most", "n"),
    [(0.5, 0.0025, 1_000, 100), (0.5, 0.0025, 40, 40), (0.2, 0.0, 40, 40), (0.0, 0.0, 7, 7)],
)
def test_effective_pairs_have_that_variance_or_are_the_most_there_can_be(
    value: float, variance: float, most: float, n: float
) -> None:
    assert effective_pairs(value, variance, most) == pytest.approx(n)


def test_from_twenty_losses_on_their_own_variance_is_believed() -> None:
    w = np.array([1.0] * 50 + [5.0] * 50)
    for losses, most in ((19, 300**2 / 1_300), (20, 100)):
        x = np.zeros(100)
        x[:losses] = 1
        assert most_effective(x, w) == pytest.approx(most)


def test_a_share_that_is_taken_away_is_a_change_below_nothing() -> None:
    share = Estimate(0.2, 0.1, 0.4, 50, "made up")
    assert signed(share, 1) == share
    assert signed(share, -1) == Estimate(-0.2, -0.4, -0.1, 50, "made up")
    nothing = signed(unknown("no pairs"), -1)
    assert (nothing.value, nothing.low, nothing.high) == (None, -1.0, 1.0)
