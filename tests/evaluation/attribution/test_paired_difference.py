import math

import numpy as np
import pytest
from scipy import optimize

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.attribution.paired_difference import paired_difference


@pytest.mark.parametrize(("up", "down", "n"), [(12, 2, 200), (0, 5, 60), (3, 3, 40), (7, 0, 9)])
def test_the_paired_interval_inverts_the_score_test(up: int, down: int, n: int) -> None:
    value, low, high = paired_difference(up, down, n, 0.95)
    assert value == (up - down) / n
    for end in (low, high):
        # The share of downs that makes the counts most likely when the difference is `end`.
        def unlikely(q: float, end: float = end) -> float:
            cells = np.array([q + end, q, 1 - 2 * q - end])
            return -float(np.array([up, down, n - up - down]) @ np.log(np.maximum(cells, 1e-300)))

        q = optimize.minimize_scalar(
            unlikely,
            bounds=(max(0.0, -end), (1 - end) / 2),
            method="bounded",
            options={"xatol": 1e-10},
        ).x
        z = (up - down - n * end) / math.sqrt(n * (2 * q + end * (1 - end)))
        assert abs(z) == pytest.approx(1.95996, rel=1e-3)


def test_the_paired_interval_at_its_edges() -> None:
    assert paired_difference(0, 0, 0, 0.95) == (0.0, -1.0, 1.0)
    z2 = 1.959964**2
    assert paired_difference(0, 0, 50, 0.95) == pytest.approx((0, -z2 / (50 + z2), z2 / (50 + z2)))
    assert paired_difference(5, 0, 5, 0.95)[2] == 1.0
    assert paired_difference(0, 5, 5, 0.95)[1] == -1.0
    with pytest.raises(EvidenceError):
        paired_difference(3, 3, 5, 0.95)
