import math

import numpy as np
import pytest
from factories.certified import choose
from scipy import stats


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
