"""All tiers against one objective: every request counts at every boundary, seen there or not."""

from typing import Any

import numpy as np
import pytest
from factories.boundaries import ask, one_boundary, two_boundaries
from factories.routed import STEPS_USD, routed, true_loss

from tierwatch.errors import EvidenceError


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
    # Two tiers and one mean of the tier between: 2 * 2 - 1 = 3 parts.
    assert choice.share == pytest.approx(0.05 / 3)


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
