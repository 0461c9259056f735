"""Recipes C, T and I of the certificate in small: the same bars with fewer runs, within seconds."""

import numpy as np
import pytest

from tierwatch.evaluation.simulation import retunes


@pytest.mark.parametrize("weighted", [False, True], ids=["uniform", "weighted"])
def test_t1_in_small_certificates_hold(weighted: bool) -> None:  # noqa: FBT001 - of the table
    found = retunes.certificates(1, n=2_000, weighted=weighted, runs=80)
    assert found.certified > 40
    assert found.wrong <= 10
    assert found.kept.mean() > 0.8
    assert found.naive_wrong > 20


def test_t4_in_small_a_year_stays_safe() -> None:
    found = retunes.year_of_retunes(1, runs=5)
    assert found.ever_over <= 1
    assert found.kept.mean() > 0.6


def test_t5_in_small_certificates_hold_against_the_judge() -> None:
    wrong, certified = retunes.judged_certificates(1, n=10_000, runs=15)
    assert wrong <= 1
    assert certified > 5
    uncorrected, _ = retunes.judged_certificates(1, n=10_000, runs=15, corrected=False)
    assert uncorrected > 7


def test_the_truth_is_a_share_and_a_falling_risk() -> None:
    of = retunes.truth()
    assert of.kept.shape == of.risk.shape == (101,)
    assert of.kept[0] == pytest.approx(1.0)
    assert of.kept[100] == of.risk[100] == 0.0
    assert (np.diff(of.kept) <= 0).all()
    assert (np.diff(of.risk[:100]) < 0).all()


def test_the_risk_of_all_traffic_is_that_of_the_recipe() -> None:
    # .002 + .55 E[(1 - c)^2.2] of Beta(2.5, 1.5), by 400,000 draws.
    c = np.random.default_rng(1).beta(2.5, 1.5, 400_000)
    assert retunes.truth().risk[0] == pytest.approx(retunes.risk(c).mean(), abs=0.001)


def test_the_loosest_safe_threshold_is_safe_and_one_cent_less_is_not() -> None:
    of = retunes.truth()
    safe = of.loosest_safe(0, 100)
    assert of.risk[safe] <= retunes.ALPHA < of.risk[safe - 1]
    assert of.loosest_safe(safe + 5, 100) == safe + 5


def test_weights_undo_what_sampling_left_out() -> None:
    rng = np.random.default_rng(2)
    c, x, w = retunes.sample(rng, 100_000, weighted=True)
    plain, _, equal = retunes.sample(rng, 100_000, weighted=False)
    assert set(w.tolist()) == {0.333, 1.0}
    assert set(equal.tolist()) == {1.0}
    far = np.abs(plain - 0.5) > 0.15
    # Far pairs are drawn a third as often and stand for three times as many.
    weight_far = w[np.abs(c - 0.5) > 0.15].sum() / w.sum()
    assert weight_far == pytest.approx(far.mean(), abs=0.01)
    assert set(np.unique(x)) == {0.0, 1.0}


def test_the_seed_decides_the_runs() -> None:
    one, again, other = (
        retunes.certificates(seed, n=2_000, weighted=False, runs=8).kept.tolist()
        for seed in (1, 1, 2)
    )
    assert one == again != other
