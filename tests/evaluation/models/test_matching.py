import numpy as np

from tierwatch.evaluation.models.matching import matched_threshold


def test_the_matched_threshold_never_keeps_more_than_is_kept_now() -> None:
    rng = np.random.default_rng(9)
    for _ in range(50):
        old, new, w = rng.random(80), rng.random(80), rng.uniform(0.5, 3, 80)
        threshold = round(float(rng.random()), 2)
        matched = matched_threshold(old, new, w, threshold)
        now = w[old >= threshold].sum()
        assert w[new >= matched].sum() <= now * (1 + 1e-6)
        if matched > 0:  # one cent looser would keep more
            assert w[new >= matched - 0.01].sum() > now
    assert matched_threshold([0.1, 0.2], [1.0, 1.0], [1, 1], 0.9) == 1.0
