import pytest
from factories.replayed import pairs, replay

from tierwatch.evaluation.rates.binomial import clopper_pearson


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
