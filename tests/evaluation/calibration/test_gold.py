import math

import pytest
from factories.certified import choose
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.gold import fewest, gold_needed
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors

nan = math.nan


def test_the_gold_needed_certifies_and_one_pair_fewer_does_not() -> None:
    judge, losses = JudgeErrors(70, 100, 100, 100), [1] * 50 + [0] * 1_950
    flagged = float(stats.beta.ppf(1 - 0.05 / 3, 51, 1_950))
    total = gold_needed(judge, flagged, alpha=0.05, delta=0.05)
    assert total is not None
    assert total > 200
    for gold, certified in ((total, True), (total - 1, False)):
        half = gold / 2
        counts = JudgeErrors(0.7 * half, half, half, half)
        assert choose([0.9] * 2_000, losses, judge=counts, step=0).certified == certified


def test_the_gold_needed_is_none_where_none_would_do() -> None:
    # 5 % bad at sensitivity .7 is 3.5 % flagged; above it no gold helps.
    for upper, known in ((0.0345, True), (0.0351, False)):
        needed = gold_needed(JudgeErrors(70, 100, 100, 100), upper, alpha=0.05, delta=0.05)
        assert (needed is not None) == known
    for judge in (JudgeErrors(0, 0, 9, 9), JudgeErrors(9, 9, 0, 0), JudgeErrors(1, 9, 1, 9)):
        assert gold_needed(judge, 0.01, alpha=0.05, delta=0.05) is None
    for bad in ({"alpha": 0.0}, {"delta": 1.0}, {"alpha": nan}):
        with pytest.raises(EvidenceError, match="alpha and delta"):
            gold_needed(JudgeErrors(1, 1, 1, 1), 0.1, **({"alpha": 0.05, "delta": 0.05} | bad))


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_the_fewest_is_enough_and_one_fewer_is_not(needed: int, most: int) -> None:
    found = fewest(lambda n: n >= needed, most=most)
    assert found == (needed if needed <= most else None)


def test_the_most_itself_may_be_the_fewest() -> None:
    assert fewest(lambda n: n >= 7, most=7) == 7
    assert fewest(lambda n: n >= 1, most=7) == 1
    assert fewest(lambda _: False, most=7) is None


def test_few_questions_are_asked_of_a_long_search() -> None:
    asked: list[int] = []

    def enough(n: int) -> bool:
        asked.append(n)
        return n >= 123_456

    assert fewest(enough, most=10_000_000) == 123_456
    # log2 of ten million is 23.3.
    assert len(asked) <= 26


@given(st.floats(0.001, 0.03), st.floats(0.001, 0.03))
def test_a_lower_flagged_rate_needs_no_more_gold(one: float, two: float) -> None:
    judge = JudgeErrors(70, 100, 100, 100)
    low, high = sorted((one, two))
    less, more = (gold_needed(judge, upper, alpha=0.05, delta=0.05) for upper in (low, high))
    assert less is not None
    assert more is not None
    assert less <= more


def test_a_worse_judge_of_the_same_counts_needs_more() -> None:
    needed = [
        gold_needed(JudgeErrors(caught, 100, 100, 100), 0.02, alpha=0.05, delta=0.05)
        for caught in (95, 80, 65)
    ]
    assert None not in needed
    assert needed == sorted(needed)  # type: ignore[type-var]  # none is None
