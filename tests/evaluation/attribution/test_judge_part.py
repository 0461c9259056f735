import math
from dataclasses import replace

import pytest
from factories.windows import AFTER, BEFORE, STEADY, cell
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.attribution.attribute import attribute
from tierwatch.evaluation.attribution.flips import AnchorEvidence, AnchorFlips
from tierwatch.evaluation.attribution.judge_part import anchor_count, judge_method, judge_part


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


def flips(n: int, worse: int, up: int = 0, down: int = 0) -> AnchorFlips:
    return AnchorFlips(n, worse, up, down)


def test_no_anchors_leave_everything_possible() -> None:
    for none in (None, AnchorEvidence(flips(0, 0), flips(0, 0))):
        part = judge_part(none, (0.05, 0.10), 0.95)
        assert math.isnan(part.value)
        assert (part.low, part.high) == (-1.0, 1.0)
    assert anchor_count(None) == 0
    assert judge_method(None) == "no anchors"


def test_an_unchanged_judge_has_no_part_and_an_interval_that_anchors_narrow() -> None:
    widths = []
    for n in (100, 1_000, 10_000):
        part = judge_part(AnchorEvidence(flips(n, n // 2), flips(n, 0)), (0.05, 0.10), 0.95)
        assert part.value == 0.0
        widths.append(part.high - part.low)
    # Without a flip the ends are z^2 / (n + z^2): a tenth of the width for ten times the anchors.
    assert widths[0] / widths[1] == pytest.approx(10, rel=0.05)
    assert widths[1] / widths[2] == pytest.approx(10, rel=0.05)


def test_a_judge_that_finds_more_of_the_bad_raises_the_rate_by_the_true_one() -> None:
    # With S going from .5 to .75 and F 0, the true rates are .05 / .5 and .075 / .75, both .1;
    # the judge's part is a tenth of the .25 that S rose.
    anchors = AnchorEvidence(flips(400, 200, up=100), flips(400, 0))
    assert judge_part(anchors, (0.05, 0.075), 0.95).value == pytest.approx(0.025)


def test_a_judge_that_tells_nothing_is_taken_at_its_word_for_the_true_rate() -> None:
    # S = F = .5: Rogan and Gladen's formula has no value, so the judged rate stands for the true.
    anchors = AnchorEvidence(flips(400, 200), flips(400, 200, up=40))
    # A true rate of .55 on the whole: what is left is .45 of the .1 that F rose.
    assert judge_part(anchors, (0.5, 0.6), 0.95).value == pytest.approx(0.45 * 0.1)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 40), st.integers(0, 40))
def test_the_part_turns_round_with_the_windows(
    before: float, after: float, up: int, down: int
) -> None:
    there = AnchorEvidence(flips(200, 100), flips(200, 50, up, down))
    back = AnchorEvidence(flips(200, 100), flips(200, 50 + up - down, down, up))
    one = judge_part(there, (before, after), 0.95)
    other = judge_part(back, (after, before), 0.95)
    assert one.value == pytest.approx(-other.value, abs=1e-12)
    assert one.low == pytest.approx(-other.high, abs=1e-6)
    assert one.low <= one.value <= one.high
