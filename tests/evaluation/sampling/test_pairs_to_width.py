import math

import pytest

from tierwatch.evaluation.sampling.pairs_to_width import HALF_WIDTH, pairs_to_width


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1, 0.5])
def test_the_interval_of_so_many_pairs_is_narrow_enough_and_of_fewer_is_not(rate: float) -> None:
    pairs = pairs_to_width(rate)
    half = [1.96 * math.sqrt(rate * (1 - rate) / n) for n in (pairs, 0.99 * pairs)]
    assert half[0] <= HALF_WIDTH < half[1]


def test_a_rate_of_nothing_needs_no_pairs() -> None:
    assert pairs_to_width(0.0) == pairs_to_width(1.0) == 0
