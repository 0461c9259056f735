from dataclasses import replace

import pytest
from factories.windows import AFTER, BEFORE, STEADY, cell

from tierwatch.evaluation.attribution.attribute import attribute
from tierwatch.evaluation.attribution.flips import AnchorEvidence, AnchorFlips


def test_the_judges_part_on_worse_anchors_counts_with_the_true_rate() -> None:
    # S .5 -> .9 and F = 0: true .05 / .5 = .1 and .0.9 / .9 = .1: .1 * .4 of the change of .04
    anchors = AnchorEvidence(AnchorFlips(2_000, 1_000, 800, 0), AnchorFlips(5_000, 0, 0, 0))
    found = attribute(BEFORE, {"all": cell(10_000, 900)}, anchors=anchors)
    assert found.parts.judge.value == pytest.approx(0.1 * 0.4)
    assert found.cause == "judge"


def test_anchors_of_one_kind_only_leave_the_other_open() -> None:
    anchors = replace(STEADY, worse=AnchorFlips(0, 0, 0, 0))
    found = attribute(BEFORE, AFTER, anchors=anchors)
    # S taken as 1 for the true rate: p = (.03 + .08) / .98 / 2 = .0561, and S1 - S0 anything.
    assert found.parts.judge.high == pytest.approx(0.0561, abs=0.002)
    assert found.cause == "undetermined"
