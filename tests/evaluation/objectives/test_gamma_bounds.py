import numpy as np
import pytest
from factories.boundaries import one_boundary
from scipy import stats

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
