"""All tiers against one objective: every request counts at every boundary, seen there or not."""

import math
from typing import Any

import numpy as np
import pytest
from factories.boundaries import ask, one_boundary, two_boundaries
from factories.routed import STEPS_USD, routed, true_loss
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.objectives.boundary_frame import Frame
from tierwatch.evaluation.objectives.joint_choice import (
    lowerings_in_order,
    move_to,
    raises_in_order,
    sequence_bounds,
    target_thresholds,
    up_to_cents,
    wanted_threshold,
)
from tierwatch.evaluation.objectives.moves import Move
from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs
from tierwatch.evaluation.rates.estimate import Estimate


def test_the_dearer_step_is_lowered_and_certified() -> None:
    rng = np.random.default_rng(1)
    choice = ask(routed(rng, 4_000, (0.7, 0.7)), (0.7, 0.7))
    move = choice.lowerings[0]
    assert (move.place, move.threshold, move.certified) == (1, 0.6, True)
    assert move.bound <= choice.allowed == 0.05
    assert true_loss((0.7, 0.6)) <= 0.05
    assert choice.now.value < move.loss.value <= move.bound
    # What is kept more at the upper boundary saves .007 each.
    more = [then - now for then, now in zip(move.kept, choice.kept, strict=True)]
    assert move.saved_usd == pytest.approx(more[0] * STEPS_USD[0] + more[1] * STEPS_USD[1])
    assert list(move.bounds)[:2] == [0.8, 0.79]
    assert list(move.bounds)[-1] == 0.6
    # Two tiers are tested, and nothing is assumed: two parts.
    assert choice.share == pytest.approx(0.05 / 2)
    assert choice.assumes == ()


def test_what_loses_too_much_is_not_lowered_but_raised() -> None:
    rng = np.random.default_rng(1)
    choice = ask(routed(rng, 6_000, (0.3, 0.3)), (0.3, 0.3))
    assert choice.exceeded
    assert choice.lowerings == ()
    assert choice.raises
    assert all(move.saved_usd < 0 for move in choice.raises)
    assert all(move.loss.value < choice.now.value for move in choice.raises)


def test_nothing_is_certified_to_move_down_unseen() -> None:
    # Only what is kept was judged: whoever looks at that alone finds any threshold safe.
    pairs = one_boundary(400, 0, 0, threshold=0.5)
    choice = ask(pairs, (0.5,), steps_usd=[0.01])
    assert choice.lowerings == ()
    seen = one_boundary(400, 40, 0, threshold=0.5)
    lowered = ask(seen, (0.5,), steps_usd=[0.01]).lowerings
    assert [move.threshold for move in lowered] == [0.4]


def test_a_lowering_that_saves_nothing_is_none() -> None:
    rng = np.random.default_rng(1)
    pairs = routed(rng, 4_000, (0.7, 0.7))
    assert all(
        move.place == 1 for move in ask(pairs, (0.7, 0.7), steps_usd=(1e-9, 0.007)).lowerings
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quality": 1.0}, "quality 1.0"),
        ({"delta": 0.0}, "delta 0.0"),
        ({"step": 0.0}, "step 0.0"),
        ({"current": (0.5,)}, "one for each of 2"),
        ({"steps_usd": (1.0,)}, "one step"),
    ],
)
def test_what_is_out_of_range_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(EvidenceError, match=said):
        ask(two_boundaries(0), changes.pop("current", (0.7, 0.7)), **changes)


cents = st.integers(0, 100).map(lambda value: value / 100)
unit = st.floats(0, 1)


@given(cents, unit, st.floats(0.01, 0.5), st.none() | cents)
def test_a_tier_never_moves_further_than_a_step_nor_past_its_target(
    now: float, target: float, step: float, loosest: float | None
) -> None:
    wanted = wanted_threshold(now, target, step, loosest)
    if wanted is None:
        return
    assert wanted != now
    if wanted < now:
        assert loosest is not None
        # Never below the target, never below what is certified, never by more than a step.
        assert wanted >= max(target, loosest, now - step)
        assert target < now
    else:
        assert target > now


@given(cents, unit, st.floats(0.01, 0.5))
def test_without_a_certificate_nothing_is_lowered_and_a_raise_goes_its_way(
    now: float, target: float, step: float
) -> None:
    wanted = wanted_threshold(now, target, step, None)
    if target <= now:
        assert wanted is None
    else:
        assert wanted == min(target, now + step)


@pytest.mark.parametrize(
    ("target", "loosest", "wanted"),
    [
        (0.7, 0.6, None),  # it is there already
        (0.65, 0.6, 0.65),  # the target is stricter than what is certified
        (0.5, 0.65, 0.65),  # what is certified is stricter than the target
        (0.5, 0.75, None),  # nothing as loose as now is certified
        (0.9, 0.75, 0.75),  # a raise ends at the first certified threshold
        (0.9, 0.7, 0.71),  # now itself is certified: one cent is enough
        (0.9, 0.65, 0.8),  # and a looser one: the target wants more than safety does
    ],
)
def test_where_a_tier_is_to_move(
    target: float, loosest: float | None, wanted: float | None
) -> None:
    found = wanted_threshold(0.7, target, 0.1, loosest)
    assert found == (None if wanted is None else pytest.approx(wanted))


@given(st.floats(0, 1))
def test_a_threshold_is_rounded_to_the_stricter_side(threshold: float) -> None:
    rounded = up_to_cents(threshold)
    assert threshold - 1e-6 <= rounded <= min(1.0, threshold + 0.01)
    assert rounded == round(rounded, 2)
    assert up_to_cents(rounded) == rounded


def move(saved: float, *, certified: bool = True, loss: float | None = 0.02) -> Move:
    lost = Estimate(loss, 0.0, 1.0, 100, "made up")
    return Move(0, 0.5, certified, lost, 0.03, {}, (0.5,), saved)


def test_lowerings_that_save_nothing_are_left_out() -> None:
    moves = [move(0.001), move(0.0), move(-0.1), move(0.003)]
    assert [one.saved_usd for one in lowerings_in_order(moves)] == [0.003, 0.001]
    assert lowerings_in_order([]) == ()


def test_certified_raises_come_first_by_cost_and_others_by_what_they_win_back() -> None:
    cheap, dear = move(-0.001), move(-0.01)
    little, much = (move(-1, certified=False, loss=loss) for loss in (0.05, 0.01))
    unheard = move(-0.0001, certified=False, loss=None)
    assert raises_in_order([unheard, little, dear, much, cheap]) == (
        cheap,
        dear,
        much,
        little,
        unheard,
    )


def test_a_sequence_ends_at_the_first_bound_that_exceeds() -> None:
    # 400 kept at .9 without a loss, 40 up at .4 of which all would be lost: fine down to .41.
    pairs = one_boundary(400, 40, 0)
    gains = np.concatenate([np.zeros(400), np.ones(40)])
    lost = RoutedPairs(
        pairs.confidences,
        pairs.served,
        pairs.boundaries,
        pairs.labels,
        gains,
        pairs.weights,
        pairs.policies,
        pairs.thresholds,
    )
    bounds = sequence_bounds(Frame(lost), (0.5,), 0, step=0.2, allowed=0.05, share=0.05)
    assert next(iter(bounds)) == 0.7
    assert list(bounds)[-1] == 0.4
    assert [threshold for threshold, bound in bounds.items() if bound > 0.05] == [0.4]
    # Nothing changes between .7 and .41: the same pairs are kept.
    assert len(set(list(bounds.values())[:-1])) == 1


def test_a_sequence_stays_within_what_a_threshold_can_be() -> None:
    frame = Frame(one_boundary(400, 40, 0))
    wide = sequence_bounds(frame, (0.95,), 0, step=0.2, allowed=1.0, share=0.05)
    assert next(iter(wide)) == 1.0
    low = sequence_bounds(frame, (0.05,), 0, step=0.2, allowed=math.inf, share=0.05)
    assert list(low)[-1] == 0.0


def test_targets_are_on_the_grid_and_shut_where_too_little_was_judged() -> None:
    frame = Frame(one_boundary(400, 40, 0))
    (open_,) = target_thresholds(frame, [0.01], 0.95, 0.05)
    assert open_ == round(open_, 2) < 1
    few = Frame(one_boundary(100, 40, 0))
    assert target_thresholds(few, [0.01], 0.95, 0.05) == (1.0,)


def test_a_stricter_objective_never_certifies_a_looser_threshold() -> None:
    pairs = routed(np.random.default_rng(7), 3_000, (0.7, 0.7))
    loosest = []
    for quality in (0.9, 0.95, 0.98):
        found = ask(pairs, (0.7, 0.7), quality=quality)
        lowered = {one.place: one.threshold for one in found.lowerings}
        loosest.append(lowered.get(1, 0.7))
    assert loosest == sorted(loosest)


def test_a_named_move_is_what_the_search_finds_there() -> None:
    pairs = routed(np.random.default_rng(7), 3_000, (0.7, 0.7))
    found = ask(pairs, (0.7, 0.7), quality=0.9)
    move = found.lowerings[0]
    named = move_to(
        pairs,
        place=move.place,
        threshold=move.threshold,
        current=(0.7, 0.7),
        steps_usd=STEPS_USD,
        quality=0.9,
        delta=0.05,
        step=0.1,
    )
    assert named.certified
    assert (named.bound, named.loss, named.kept) == (move.bound, move.loss, move.kept)
    assert named.saved_usd == pytest.approx(move.saved_usd)


def test_a_named_move_behind_a_threshold_that_failed_is_not_certified() -> None:
    pairs = one_boundary(400, 40, 0)
    moves = {
        threshold: move_to(
            pairs,
            place=0,
            threshold=threshold,
            current=(0.5,),
            steps_usd=(0.01,),
            quality=0.95,
            delta=0.05,
            step=0.1,
        )
        for threshold in (0.6, 0.4, 0.1)
    }
    for move in moves.values():
        passed = [threshold for threshold, bound in move.bounds.items() if bound <= 0.05]
        assert move.certified == (move.threshold in passed)
    # The test stops at the first that fails, so what lies behind it has no bound of its own.
    assert moves[0.1].certified or 0.1 not in list(moves[0.1].bounds)[:-1]
