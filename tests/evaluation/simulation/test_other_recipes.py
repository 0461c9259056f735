"""Recipes C, T and I of the certificate in small: the same bars with fewer runs, within seconds."""

import pytest

from tierwatch.evaluation.simulation import drift_streams, judged_rates, retunes


@pytest.mark.parametrize("bins", [20, 100])
def test_the_drift_recipe_runs_the_installed_monitor(bins: int) -> None:
    assert drift_streams.twin_difference(2, bins, requests=1_600) < 1e-9


def test_i1_in_small_null_runs_do_not_alarm_and_a_change_is_seen() -> None:
    highest = drift_streams.highest_statistics(1, bins=20, runs=20, requests=5_000)
    # At most 5,000 / 1e7 a run: .01 runs of 20 are to be expected.
    assert int((highest >= drift_streams.LEVEL).sum()) == 0
    found = drift_streams.delays(1, change=2_000, bins=20, runs=30)
    assert found.size == 30
    assert 50 < found.mean() <= 400


def test_c1_in_small_covers_where_the_judge_does_not() -> None:
    found = judged_rates.coverage(1, pairs=1_000, gold=100, runs=60)
    assert found.hits >= 55
    assert found.judge_hits < 40
    assert found.widths.mean() <= 0.086


def test_c2_in_small_the_band_is_rarely_left() -> None:
    ever, once = judged_rates.ever_misses(1, runs=60, pairs=2_000)
    assert ever <= 6
    assert once > 15


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
