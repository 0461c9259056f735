import numpy as np
import pytest

from tierwatch.evaluation.simulation import judged_rates


def test_c1_in_small_covers_where_the_judge_does_not() -> None:
    found = judged_rates.coverage(1, pairs=1_000, gold=100, runs=60)
    assert found.hits >= 55
    assert found.judge_hits < 40
    assert found.widths.mean() <= 0.086


def test_c2_in_small_the_band_is_rarely_left() -> None:
    ever, once = judged_rates.ever_misses(1, runs=60, pairs=2_000)
    assert ever <= 6
    assert once > 15


def test_the_drawn_pairs_are_those_of_the_recipe() -> None:
    drawn = judged_rates.judged_pairs(np.random.default_rng(1), 200_000)
    shares = np.bincount(drawn.stratum) / 200_000
    assert shares == pytest.approx([0.4, 0.3, 0.2, 0.1], abs=0.005)
    # .4 * .02 + .3 * .05 + .2 * .10 + .1 * .15 = .058
    assert pytest.approx(0.058) == judged_rates.TRUTH
    assert drawn.bad.mean() == pytest.approx(0.058, abs=0.002)
    # The judge finds .4 (.012 + .0098) + .3 (.035 + .0285) + .2 (.08 + .054) + .1 (.135 + .085)
    assert drawn.flagged.mean() == pytest.approx(0.0766, abs=0.002)


@pytest.mark.parametrize("stratum", range(4))
def test_the_judges_errors_differ_among_the_strata(stratum: int) -> None:
    drawn = judged_rates.judged_pairs(np.random.default_rng(2), 400_000)
    here = drawn.stratum == stratum
    sensitivity = drawn.flagged[here & drawn.bad].mean()
    specificity = 1 - drawn.flagged[here & ~drawn.bad].mean()
    assert sensitivity == pytest.approx((0.6, 0.7, 0.8, 0.9)[stratum], abs=0.02)
    assert specificity == pytest.approx((0.99, 0.97, 0.94, 0.90)[stratum], abs=0.01)


def test_the_seed_and_the_sizes_decide_the_runs() -> None:
    runs = [
        judged_rates.coverage(seed, pairs=pairs, gold=20, runs=3).widths.tolist()
        for seed, pairs in ((1, 100), (1, 100), (2, 100), (1, 101))
    ]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert runs[0] != runs[3]


def test_more_labels_are_narrower_and_more_pairs_hardly() -> None:
    few, labels, pairs = (
        judged_rates.coverage(1, pairs=n, gold=gold, runs=15).widths.mean()
        for n, gold in ((300, 100), (300, 400), (1_200, 100))
    )
    assert labels < 0.7 * few
    assert pairs > 0.7 * few
