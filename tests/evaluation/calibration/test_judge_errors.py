import math

import pytest

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors

nan = math.nan


@pytest.mark.parametrize(
    "counts", [(2, 1, 0, 0), (0, 0, 2, 1), (-1, 1, 0, 0), (nan, 1, 1, 1), (1, 1, 1, math.inf)]
)
def test_gold_counts_that_are_none_are_refused(counts: tuple[float, ...]) -> None:
    with pytest.raises(EvidenceError, match="gold pairs"):
        JudgeErrors(*counts)
