import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.attribution.attribute import attribute
from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.evaluation.attribution.findings import Attribution
from tierwatch.evaluation.attribution.flips import AnchorEvidence, AnchorFlips, ProbeFlips
from tierwatch.evaluation.attribution.paired_difference import paired_difference


def cell(n: int, bad: float) -> Cell:
    return Cell(n, n, n, bad)


# 5 % of 10,000 before, 10 % after: in one cell, so nothing but the rate can have changed.
BEFORE, AFTER = {"all": cell(10_000, 500)}, {"all": cell(10_000, 1_000)}
# A judge that clears and accuses the same anchors as before.
STEADY = AnchorEvidence(AnchorFlips(1_000, 800, 8, 8), AnchorFlips(2_000, 40, 10, 10))
# One that calls 5 % more of the not-worse anchors worse: about the whole change.
LAX = AnchorEvidence(AnchorFlips(1_000, 800, 8, 8), AnchorFlips(2_000, 40, 110, 10))
LOST, KEPT = ProbeFlips(120, 12, 1), ProbeFlips(120, 2, 3)


def test_the_split_shows_its_arithmetic() -> None:
    before = {"easy": cell(600, 12), "hard": cell(400, 40)}
    after = {"easy": cell(400, 12), "hard": cell(600, 90)}
    # rates .02 .10 -> .03 .15; shares .6 .4 -> .4 .6; totals .052 -> .102
    # mix = -.2 * .025 + .2 * .125 = .020;  within = .01 * .5 + .05 * .5 = .030
    found = attribute(before, after)
    assert (found.evidence.rate_before, found.evidence.rate_after) == pytest.approx((0.052, 0.102))
    assert found.parts.change.value == pytest.approx(0.05)
    assert found.parts.mix.value == pytest.approx(0.02)
    assert found.parts.within.value == pytest.approx(0.03)
    hard, easy = found.evidence.segments
    # hard: mix .2 * (.125 - .077), within .025; easy: mix -.2 * (.025 - .077), within .005
    assert (hard.key, hard.mix, hard.within) == (
        "hard",
        pytest.approx(0.0096),
        pytest.approx(0.025),
    )
    assert (easy.key, easy.mix, easy.within) == (
        "easy",
        pytest.approx(0.0104),
        pytest.approx(0.005),
    )
    assert (hard.share_before, hard.share_after) == (0.4, 0.6)
    assert (hard.rate_before, hard.rate_after) == (0.1, 0.15)


def test_a_single_cells_interval_is_the_difference_of_two_shares() -> None:
    change = attribute(BEFORE, AFTER).parts.change
    # sqrt(.05 * .95 / 10,000 + .1 * .9 / 10,000) = .003708, times 1.96
    assert change.value == pytest.approx(0.05)
    assert change.high - change.low == pytest.approx(2 * 1.96 * 0.003708, rel=1e-3)
    assert change.n == 20_000


def test_weights_count_by_their_squares() -> None:
    # Weights 1 and 3 alike often: (2n)^2 / 5n = .8 n effective pairs, so sqrt(1.25) the width.
    def weighted(n: int, bad: float) -> dict[str, Cell]:
        return {"all": Cell(n, 2.0 * n, 5.0 * n, 2.0 * bad)}

    plain = attribute(BEFORE, AFTER).parts.change
    wide = attribute(weighted(10_000, 500), weighted(10_000, 1_000)).parts.change
    assert wide.value == pytest.approx(plain.value)
    ratio = (wide.high - wide.low) / (plain.high - plain.low)
    assert ratio == pytest.approx(math.sqrt(1.25), rel=1e-3)


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


def test_the_judges_part_on_worse_anchors_counts_with_the_true_rate() -> None:
    # S .5 -> .9 and F = 0: true .05 / .5 = .1 and .0.9 / .9 = .1: .1 * .4 of the change of .04
    anchors = AnchorEvidence(AnchorFlips(2_000, 1_000, 800, 0), AnchorFlips(5_000, 0, 0, 0))
    found = attribute(BEFORE, {"all": cell(10_000, 900)}, anchors=anchors)
    assert found.parts.judge.value == pytest.approx(0.1 * 0.4)
    assert found.cause == "judge"


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


def test_anchors_of_one_kind_only_leave_the_other_open() -> None:
    anchors = replace(STEADY, worse=AnchorFlips(0, 0, 0, 0))
    found = attribute(BEFORE, AFTER, anchors=anchors)
    # S taken as 1 for the true rate: p = (.03 + .08) / .98 / 2 = .0561, and S1 - S0 anything.
    assert found.parts.judge.high == pytest.approx(0.0561, abs=0.002)
    assert found.cause == "undetermined"


def test_failing_probes_name_the_model_only_where_other_tiers_hold() -> None:
    held, failing = {"complex": KEPT}, {"complex": LOST, "simple": KEPT}
    assert attribute(BEFORE, AFTER, anchors=STEADY, probes=LOST, other_probes=held).cause == "model"
    assert attribute(BEFORE, AFTER, probes=LOST, other_probes=held).cause == "model"
    spread = attribute(BEFORE, AFTER, anchors=STEADY, probes=LOST, other_probes=failing)
    assert spread.cause == "quality"
    assert "probes of complex fail more often too" in spread.sentence
    alone = attribute(BEFORE, AFTER, anchors=STEADY, probes=LOST)
    assert alone.cause == "quality"
    assert "no other tier's" in alone.sentence
    assert attribute(BEFORE, AFTER, probes=LOST).cause == "undetermined"
    assert attribute(BEFORE, AFTER, anchors=LAX, probes=LOST, other_probes=held).cause == "judge"
    assert (
        attribute(BEFORE, AFTER, anchors=STEADY, probes=KEPT, other_probes=held).cause == "quality"
    )


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


def test_a_cell_of_one_window_is_mix() -> None:
    # easy keeps its rate of .02; hard arrives with .2: the change is .2 * (.2 - .02) = .036
    found = attribute(
        {"easy": cell(10_000, 200)}, {"easy": cell(8_000, 160), "hard": cell(2_000, 400)}
    )
    assert found.parts.mix.value == pytest.approx(0.036)
    assert found.parts.within.value == pytest.approx(0.0)
    assert found.cause == "mix"
    arrived = next(shift for shift in found.evidence.segments if shift.key == "hard")
    assert (arrived.rate_before, arrived.rate_after) == (None, 0.2)
    # Its rate's error: sqrt(.2 * .8 / 2,000) * .2 beside the others, not half of it.
    least = 1.96 * 0.2 * math.sqrt(0.2 * 0.8 / 2_000)
    assert (found.parts.mix.high - found.parts.mix.low) / 2 > least


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


def test_many_cells_of_few_pairs_stay_uncertain() -> None:
    rng = np.random.default_rng(3)
    before, after = (
        {f"cell {i}": cell(4, float(rng.binomial(4, 0.05))) for i in range(250)} for _ in range(2)
    )
    sparse = attribute(before, after).parts.change
    # The same pairs in a single cell: sqrt(2 * .05 * .95 / 1,000) * 1.96 = .019
    assert (sparse.high - sparse.low) / 2 > 0.017


def test_only_the_five_largest_movers_are_listed() -> None:
    before = {f"cell {i}": cell(1_000, 50) for i in range(8)}
    after = {f"cell {i}": cell(1_000, 50 + 10 * i) for i in range(8)}
    shown = [shift.key for shift in attribute(before, after).evidence.segments]
    assert shown == [f"cell {i}" for i in (7, 6, 5, 4, 3)]


def test_json_is_plain() -> None:
    found = attribute(
        BEFORE, AFTER, anchors=STEADY, probes=LOST, other_probes={"complex": KEPT}
    ).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["cause"] == "model"
    assert found["parts"]["change"]["value"] == pytest.approx(0.05)
    assert found["evidence"]["segments"][0]["key"] == "all"
    assert found["evidence"]["others_p"] == {"complex": KEPT.p_value}
    empty = attribute({}, {}).to_json()
    assert json.loads(json.dumps(empty, allow_nan=False)) == empty


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


def test_cells_are_the_sums_of_their_pairs() -> None:
    assert Cell.of([], []) == Cell(0, 0.0, 0.0, 0.0)
    assert Cell.of([1, 0, 0.5], [2, 1, 4]) == Cell(3, 7.0, 21.0, 4.0)
    assert Cell.of([1, 0, 0.5], [2, 1, 4]).effective == pytest.approx(49 / 21)
    assert math.isnan(Cell.of([], []).rate)


@pytest.mark.parametrize(
    ("n", "weight", "squared", "loss", "words"),
    [
        (-1, 0.0, 0.0, 0.0, "n >= 0"),
        (1, math.nan, 1.0, 0.0, "finite"),
        (1, 1.0, math.inf, 0.0, "finite"),
        (0, 1.0, 1.0, 0.0, "without pairs"),
        (0, 0.0, 0.0, 1.0, "without pairs"),
        (2, 0.0, 0.0, 0.0, "positive"),
        (2, -2.0, 2.0, 0.0, "positive"),
        (2, 2.0, 1.0, 0.0, "squared weights"),
        (2, 2.0, 5.0, 0.0, "squared weights"),
        (2, 2.0, 2.0, -0.1, "weighted loss"),
        (2, 2.0, 2.0, 2.1, "weighted loss"),
        (2, 2.0, 2.0, math.nan, "finite"),
    ],
)
def test_sums_no_pairs_can_have_are_refused(
    n: int, weight: float, squared: float, loss: float, words: str
) -> None:
    with pytest.raises(EvidenceError, match=words):
        Cell(n, weight, squared, loss)


@pytest.mark.parametrize(
    ("losses", "weights"),
    [([1, 0], [1]), ([2], [1]), ([math.nan], [1]), ([0], [-1]), ([0], [0]), ([0], [math.inf])],
)
def test_pairs_off_their_range_make_no_cell(losses: list[float], weights: list[float]) -> None:
    with pytest.raises(EvidenceError):
        Cell.of(losses, weights)


@pytest.mark.parametrize(
    "counts",
    [(-1, 0, 0, 0), (5, 6, 0, 0), (5, 2, 4, 0), (5, 2, 0, 3), (5, 2, -1, 0), (5, 2, 0, -1)],
)
def test_anchor_counts_that_do_not_fit_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(EvidenceError):
        AnchorFlips(*counts)


@pytest.mark.parametrize("counts", [(5, -1, 0), (5, 0, -1), (5, 3, 3), (-1, 0, 0)])
def test_probe_counts_that_do_not_fit_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(EvidenceError):
        ProbeFlips(*counts)


@pytest.mark.parametrize("level", [0.0, 1.0, math.nan])
def test_a_level_off_its_range_is_refused(level: float) -> None:
    with pytest.raises(EvidenceError, match="level"):
        attribute(BEFORE, AFTER, level=level)
    with pytest.raises(EvidenceError, match="level"):
        paired_difference(1, 1, 10, level)


def test_mcnemars_p_is_the_binomial_tail() -> None:
    assert ProbeFlips(120, 0, 0).p_value == 1.0
    assert ProbeFlips(0, 0, 0).p_value == 1.0
    assert ProbeFlips(120, 0, 9).p_value == 1.0
    for lost, gained in [(9, 1), (1, 0), (4, 6), (30, 2)]:
        expected = stats.binomtest(lost, lost + gained, 0.5, alternative="greater").pvalue
        assert ProbeFlips(120, lost, gained).p_value == pytest.approx(expected)


@pytest.mark.parametrize(("up", "down", "n"), [(12, 2, 200), (0, 5, 60), (3, 3, 40), (7, 0, 9)])
def test_the_paired_interval_inverts_the_score_test(up: int, down: int, n: int) -> None:
    value, low, high = paired_difference(up, down, n, 0.95)
    assert value == (up - down) / n
    for end in (low, high):
        # The share of downs that makes the counts most likely when the difference is `end`.
        def unlikely(q: float, end: float = end) -> float:
            cells = np.array([q + end, q, 1 - 2 * q - end])
            return -float(np.array([up, down, n - up - down]) @ np.log(np.maximum(cells, 1e-300)))

        q = optimize.minimize_scalar(
            unlikely,
            bounds=(max(0.0, -end), (1 - end) / 2),
            method="bounded",
            options={"xatol": 1e-10},
        ).x
        z = (up - down - n * end) / math.sqrt(n * (2 * q + end * (1 - end)))
        assert abs(z) == pytest.approx(1.95996, rel=1e-3)


def test_the_paired_interval_at_its_edges() -> None:
    assert paired_difference(0, 0, 0, 0.95) == (0.0, -1.0, 1.0)
    z2 = 1.959964**2
    assert paired_difference(0, 0, 50, 0.95) == pytest.approx((0, -z2 / (50 + z2), z2 / (50 + z2)))
    assert paired_difference(5, 0, 5, 0.95)[2] == 1.0
    assert paired_difference(0, 5, 5, 0.95)[1] == -1.0
    with pytest.raises(EvidenceError):
        paired_difference(3, 3, 5, 0.95)


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
