"""Two labels of a pair: how often they differ, and whether somebody leans to one word."""

import itertools

import numpy as np
import pytest
from scipy import stats

from tierwatch.evaluation.calibration.kappa import Verdict
from tierwatch.evaluation.calibration.reviewers import (
    Label,
    TwoLabels,
    agreement,
    leaning,
    people_kappa,
    slips_of,
)


def two(first: Verdict, second: Verdict, by: tuple[str, str] = ("ada", "bob")) -> TwoLabels:
    return TwoLabels(Label(by[0], first), Label(by[1], second))


def labels(who: str, worse: int, tie: int, better: int = 0) -> list[Label]:
    return [
        *[Label(who, "worse")] * worse,
        *[Label(who, "tie")] * tie,
        *[Label(who, "better")] * better,
    ]


def test_only_worse_or_not_is_a_disagreement() -> None:
    words: tuple[Verdict, ...] = ("worse", "tie", "better")
    found = {(a, b): two(a, b).disagree for a, b in itertools.product(words, words)}
    assert {pair for pair, differ in found.items() if differ} == {
        ("worse", "tie"),
        ("worse", "better"),
        ("tie", "worse"),
        ("better", "worse"),
    }
    slips = slips_of([two(a, b) for a, b in itertools.product(words, words)])
    assert (slips.disagreed, slips.twice) == (4, 9)


def test_agreement_is_of_three_words() -> None:
    found = agreement([two("tie", "better"), two("tie", "tie"), two("worse", "worse")])
    assert (found.value, found.n) == (2 / 3, 3)
    assert found.low < 2 / 3 < found.high
    assert agreement([]).value is None
    assert people_kappa([]).value is None
    both = [two("tie", "tie"), two("worse", "worse"), two("better", "tie")]
    assert 0 < (people_kappa(both).value or 0) < 1


def test_one_reviewer_leans_against_nobody() -> None:
    assert leaning(labels("ada", 0, 500), []) == ""
    assert leaning([], []) == ""


def test_people_who_slip_alike_are_not_accused() -> None:
    """At most 1 % of teams, over 400 of two people with 100 second labels."""
    rng = np.random.default_rng(7)
    accused = 0
    for _ in range(400):
        bad = rng.random(100) < 0.08
        said = [bad ^ (rng.random(100) < 0.05) for _ in range(2)]
        turn = rng.random(100) < 0.5
        twice = [
            two(
                "worse" if said[0][n] else "tie",
                "worse" if said[1][n] else "tie",
                by=("ada", "bob") if turn[n] else ("bob", "ada"),
            )
            for n in range(100)
        ]
        first = [one.first for one in twice]
        accused += bool(leaning(first, twice))
    assert accused <= 8


def test_somebody_who_never_finds_an_answer_worse_is_named() -> None:
    differ = [two("worse", "tie") for _ in range(9)]
    agree = [two("tie", "tie") for _ in range(60)]
    found = leaning([], differ + agree)
    assert found == (
        "of the 9 pairs on which ada and another disagree, ada found the answer worse in 9"
    )
    # Of seven even one side throughout is no proof: 2 / 2^7 is above half a per cent.
    assert leaning([], differ[:7] + agree) == ""


def test_whoever_leans_does_so_in_either_place() -> None:
    differ = [two("worse", "tie"), two("tie", "worse", by=("bob", "ada"))] * 5
    assert "ada found the answer worse in 10" in leaning([], differ)


@pytest.mark.parametrize("word", ["worse", "tie", "better"])
def test_one_word_throughout_is_compared_with_the_others(word: Verdict) -> None:
    others = labels("ada", 50, 50, 50)
    assert f"bob said {word} of all 30 pairs" in leaning(others + [Label("bob", word)] * 30, [])
    assert leaning(others + [Label("bob", word)] * 19, []) == ""  # too few to say


def test_one_word_is_no_leaning_where_the_others_use_it_as_much() -> None:
    assert leaning(labels("ada", 1, 199) + labels("bob", 0, 100), []) == ""


@pytest.mark.parametrize(("n", "m", "k"), [(40, 60, 52), (30, 200, 180), (25, 25, 15)])
def test_the_second_check_is_fishers(n: int, m: int, k: int) -> None:
    table = [[n, 0], [k, m - k]]
    p = stats.fisher_exact(table, alternative="greater").pvalue
    found = leaning(labels("ada", m - k, k) + labels("bob", 0, n), [])
    assert bool(found) is bool(p <= 0.01 / 2)
