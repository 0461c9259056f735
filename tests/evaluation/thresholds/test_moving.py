"""The pairs that would move, as a value: light to import, and said in one sentence."""

import subprocess
import sys

import pytest

from tierwatch.evaluation.rates.estimate import MIN_EFFECTIVE, Estimate
from tierwatch.evaluation.thresholds.moving import MovingPairs


def moving(value: float | None, effective: float, *, lowers: bool = True) -> MovingPairs:
    return MovingPairs(lowers, Estimate(value, 0.0, 1.0, int(effective), ""), effective, 0.05)


def test_evidence_is_read_without_what_computes_it() -> None:
    program = """
import sys
import tierwatch.evaluation.evidence.model_evidence
print(sorted({"numpy", "scipy"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("one", "few", "bad"),
    [
        (moving(0.01, MIN_EFFECTIVE), False, False),
        (moving(0.01, MIN_EFFECTIVE - 1), True, False),
        (moving(0.06, MIN_EFFECTIVE), False, True),
        (moving(0.06, MIN_EFFECTIVE, lowers=False), False, False),
        (moving(None, 0.0), True, False),
    ],
)
def test_what_is_few_or_bad_is_warned_of(one: MovingPairs, *, few: bool, bad: bool) -> None:
    assert (one.are_few, one.are_bad) == (few, bad)
    assert bool(one.warning) == (few or bad)
