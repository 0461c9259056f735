import math

import pytest
from factories.certified import choose
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.gold import gold_needed
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
