"""Recipes C, T and I of the certificate in small: the same bars with fewer runs, within seconds."""

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
