import math

import numpy as np
import pytest
from factories.windows import AFTER, BEFORE, KEPT, LAX, LOST, STEADY, cell
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.attribution.attribute import attribute
from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.evaluation.attribution.findings import Attribution
from tierwatch.evaluation.attribution.flips import AnchorEvidence, AnchorFlips
from tierwatch.evaluation.attribution.interval import paired_difference


def test_a_single_cells_interval_is_the_difference_of_two_shares() -> None:
    change = attribute(BEFORE, AFTER).parts.change
    # sqrt(.05 * .95 / 10,000 + .1 * .9 / 10,000) = .003708, times 1.96
    assert change.value == pytest.approx(0.05)
    assert change.high - change.low == pytest.approx(2 * 1.96 * 0.003708, rel=1e-3)
    assert change.n == 20_000


def test_pure_mix_is_mix() -> None:
    found = attribute(
        {"easy": cell(9_000, 180), "hard": cell(1_000, 200)},
        {"easy": cell(5_000, 100), "hard": cell(5_000, 1_000)},
        anchors=LAX,
        probes=LOST,
        other_probes={"complex": KEPT},
    )
    assert found.cause == "mix"
    assert found.parts.within.value == pytest.approx(0.0)
    assert "make-up of the traffic" in found.sentence


def test_steady_anchors_make_it_quality() -> None:
    found = attribute(BEFORE, AFTER, anchors=STEADY)
    assert found.cause == "quality"
    assert found.parts.judge.value == pytest.approx(0.0)
    assert found.parts.quality.value == pytest.approx(0.05)
    assert "worse answers" in found.sentence


def test_turned_anchors_make_it_the_judge() -> None:
    found = attribute(BEFORE, AFTER, anchors=LAX)
    assert found.cause == "judge"
    # F .02 -> .07, S .8: true (.05 - .02) / .78 = .03846 and (.1 - .07) / .73 = .04110, mean .03978
    assert found.parts.judge.value == pytest.approx((1 - 0.03978) * 0.05, rel=1e-3)
    assert found.parts.judge.n == 3_000
    assert found.parts.quality.value == pytest.approx(0.05 - 0.04801, abs=1e-5)


def test_few_anchors_without_a_significant_change_do_not_clear_the_judge() -> None:
    # 60 not-worse anchors, none turned: up to 3.84 / 63.84 = 6 points may be the judge's.
    anchors = AnchorEvidence(AnchorFlips(40, 32, 0, 0), AnchorFlips(60, 1, 0, 0))
    found = attribute(BEFORE, AFTER, anchors=anchors)
    assert found.parts.judge.low < 0 < found.parts.judge.high
    assert found.cause == "undetermined"
    assert "more anchors would tell" in found.sentence


@pytest.mark.parametrize(
    "anchors", [None, AnchorEvidence(AnchorFlips(0, 0, 0, 0), AnchorFlips(0, 0, 0, 0))]
)
def test_without_anchors_neither_answers_nor_judge_are_blamed(
    anchors: AnchorEvidence | None,
) -> None:
    found = attribute(BEFORE, AFTER, anchors=anchors)
    assert found.cause == "undetermined"
    assert "without anchors" in found.sentence
    assert found.parts.judge.value is None
    assert found.parts.quality.value is None
    assert (found.parts.quality.low, found.parts.quality.high) == (-1, 1)


def test_a_fall_is_attributed_like_a_rise() -> None:
    found = attribute(AFTER, BEFORE, anchors=STEADY)
    assert found.cause == "quality"
    assert found.parts.quality.value == pytest.approx(-0.05)
    assert "fell from 10.0 % to 5.0 %" in found.sentence
    assert "better answers" in found.sentence
    stricter = AnchorEvidence(STEADY.worse, AnchorFlips(2_000, 140, 10, 110))
    assert attribute(AFTER, BEFORE, anchors=stricter).cause == "judge"


def test_a_judge_that_hides_part_of_a_fall_of_quality_is_not_blamed() -> None:
    # The judge became blinder by .05 while the judged rate rose by .05: quality rose by twice that.
    blinder = AnchorEvidence(STEADY.worse, AnchorFlips(2_000, 140, 10, 110))
    found = attribute(BEFORE, AFTER, anchors=blinder)
    assert found.cause == "quality"
    assert found.parts.quality.value == pytest.approx(0.1, abs=0.005)


def test_equal_parts_of_mix_and_rate_are_undetermined() -> None:
    before = {"easy": cell(5_000, 100), "hard": cell(5_000, 500)}
    after = {"easy": cell(3_000, 90), "hard": cell(7_000, 840)}
    # mix .2 * (.11 - .025) = .017; within .01 * .4 + .02 * .6 = .016
    found = attribute(before, after, anchors=STEADY)
    assert found.cause == "undetermined"
    assert "neither the make-up of the traffic" in found.sentence


def test_nothing_changed_is_undetermined() -> None:
    found = attribute(BEFORE, BEFORE, anchors=LAX, probes=LOST, other_probes={"complex": KEPT})
    assert found.cause == "undetermined"
    assert found.parts.change.value == 0.0
    assert "not demonstrably changed" in found.sentence


@pytest.mark.parametrize(
    ("before", "after"), [({}, {}), ({}, AFTER), (BEFORE, {}), (BEFORE, {"all": cell(0, 0)})]
)
def test_a_window_without_pairs_compares_nothing(
    before: dict[str, Cell], after: dict[str, Cell]
) -> None:
    found = attribute(before, after, anchors=STEADY, probes=LOST, other_probes={"complex": KEPT})
    assert found.cause == "undetermined"
    assert found.parts.change.value is None
    assert "no pairs" in found.sentence


def test_one_pair_each_and_all_alike_are_undetermined() -> None:
    one = attribute({"all": cell(1, 0)}, {"all": cell(1, 1)}, anchors=STEADY)
    assert (one.cause, one.parts.change.value) == ("undetermined", 1.0)
    assert one.parts.change.low < 0.0
    ties = attribute({"all": cell(500, 0)}, {"all": cell(500, 0)}, anchors=STEADY)
    assert (ties.cause, ties.parts.change.value) == ("undetermined", 0.0)
    # No loss seen is not certainty.
    assert ties.parts.change.low < 0 < ties.parts.change.high


@given(
    counts=st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 60), st.floats(0, 1), st.floats(0, 1)),
        min_size=1,
        max_size=6,
    ),
)
def test_parts_add_up_and_lie_inside_their_intervals(
    counts: list[tuple[int, int, float, float]],
) -> None:
    before = {f"{i}": cell(row[0], row[0] * row[2]) for i, row in enumerate(counts)}
    after = {f"{i}": cell(row[1], row[1] * row[3]) for i, row in enumerate(counts)}
    found = attribute(before, after, anchors=STEADY)
    parts = found.parts
    if parts.change.value is None:
        return
    assert parts.mix.value is not None
    assert parts.within.value is not None
    assert parts.change.value == pytest.approx(parts.mix.value + parts.within.value, abs=1e-12)
    rates = found.evidence
    assert parts.change.value == pytest.approx(rates.rate_after - rates.rate_before, abs=1e-12)
    for part in (parts.change, parts.mix, parts.within, parts.judge, parts.quality):
        assert part.value is not None
        assert part.low <= part.value + 1e-12
        assert part.value - 1e-12 <= part.high
    if len(counts) <= 5:
        moved = sum(shift.mix + shift.within for shift in found.evidence.segments)
        assert moved == pytest.approx(parts.change.value, abs=1e-9)


@pytest.mark.parametrize("level", [0.0, 1.0, math.nan])
def test_a_level_off_its_range_is_refused(level: float) -> None:
    with pytest.raises(EvidenceError, match="level"):
        attribute(BEFORE, AFTER, level=level)
    with pytest.raises(EvidenceError, match="level"):
        paired_difference(1, 1, 10, level)


def _runs(rng: np.random.Generator, rates: tuple[float, float], drift: float) -> list[Attribution]:
    """Windows of 3,000 pairs in two cells, 2,000 not-worse anchors of which `drift` are turned."""
    found = []
    for _ in range(60):
        windows = [
            {
                key: cell(1_500, float(rng.binomial(1_500, rate * factor)))
                for key, factor in (("easy", 0.6), ("hard", 1.4))
            }
            for rate in rates
        ]
        turned = AnchorFlips(
            2_000, 40, int(rng.binomial(1_900, drift + 0.01)), int(rng.binomial(40, 0.5))
        )
        found.append(attribute(*windows, anchors=AnchorEvidence(STEADY.worse, turned)))
    return found


def test_wrong_causes_are_rare_in_sixty_runs_each() -> None:
    """A reduced twin of tests/simulation/test_attribution_bars.py."""
    rng = np.random.default_rng(4)
    for rates, drift, right in [
        ((0.06, 0.06), 0.0, None),
        ((0.06, 0.10), 0.0, "quality"),
        ((0.06, 0.10), 0.04, "judge"),
    ]:
        causes = [run.cause for run in _runs(rng, rates, drift)]
        assert sum(cause not in {right, "undetermined"} for cause in causes) <= 3
        assert right is None or causes.count(right) >= 40
