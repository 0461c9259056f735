from typing import Any

import numpy as np
import pytest
from factories.boundaries import ask
from factories.routed import routed

from tierwatch.evaluation.objectives.moves import JointChoice, Move, next_move
from tierwatch.evaluation.rates.estimate import Estimate


def test_an_alert_asks_for_a_raise_of_its_tier_and_for_nothing_else() -> None:
    rng = np.random.default_rng(1)
    choice = ask(routed(rng, 4_000, (0.7, 0.7)), (0.7, 0.7))
    assert next_move(choice) == choice.lowerings[0]
    # The target would have simple stricter: no need without an alert, and none for standard.
    assert [move.place for move in choice.raises] == [0]
    assert next_move(choice, alerted=[0]) == choice.raises[0]
    assert next_move(choice, alerted=[1]) is None


def test_a_raise_needs_harm() -> None:
    rng = np.random.default_rng(1)
    shown = ask(routed(rng, 6_000, (0.3, 0.3)), (0.3, 0.3))
    assert next_move(shown) == shown.raises[0]
    # 300 pairs at .5 and .5 cannot certify 5 %, nor show more.
    few = ask(routed(rng, 300, (0.5, 0.5)), (0.5, 0.5))
    assert few.bound > 0.05
    assert few.raises
    assert not few.raises[0].certified
    assert not few.exceeded
    assert next_move(few) is None


def made_move(place: int = 0, *, certified: bool = True) -> Move:
    lost = Estimate(0.02, 0.01, 0.03, 500, "made up")
    return Move(place, 0.6, certified, lost, 0.03, {}, (0.5,), 0.001)


def made_choice(now: float | None = 0.02, **changes: Any) -> JointChoice:
    """Nothing wrong: .02 is lost, .05 allowed."""
    given: dict[str, Any] = {
        "target": (0.6,),
        "now": Estimate(now, 0.0, 1.0, 500, "made up"),
        "bound": 0.04,
        "allowed": 0.05,
        "kept": (0.5,),
        "exceeded": False,
        "lowerings": (),
        "raises": (),
        "share": 0.05,
    }
    return JointChoice(**(given | changes))


LOWER, LOWER_TOO = made_move(0), made_move(1)
SURE, UNSURE = made_move(0), made_move(1, certified=False)


def test_the_lowering_that_saves_most_is_asked_for() -> None:
    assert next_move(made_choice(lowerings=(LOWER, LOWER_TOO))) is LOWER
    assert next_move(made_choice()) is None


def test_while_nothing_is_wrong_a_raise_is_not_asked_for() -> None:
    assert next_move(made_choice(raises=(SURE, UNSURE))) is None
    assert next_move(made_choice(raises=(SURE,), lowerings=(LOWER,))) is LOWER


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        # More is estimated to be lost than allowed: a certified raise, or nothing.
        ({"now": 0.06, "raises": (SURE, UNSURE)}, SURE),
        ({"now": 0.06, "raises": (UNSURE,)}, None),
        ({"now": 0.06, "lowerings": (LOWER,)}, None),
        # More is shown to be lost: any raise.
        ({"now": 0.06, "exceeded": True, "raises": (UNSURE,)}, UNSURE),
        ({"now": None, "exceeded": True, "raises": (UNSURE,)}, UNSURE),
        ({"now": 0.06, "exceeded": True, "lowerings": (LOWER,)}, None),
        # Not known is no evidence of too much.
        ({"now": None, "raises": (SURE,), "lowerings": (LOWER,)}, LOWER),
        # Exactly what is allowed is allowed.
        ({"now": 0.05, "raises": (SURE,), "lowerings": (LOWER,)}, LOWER),
    ],
)
def test_where_too_much_is_lost_a_raise_is_asked_for(
    changes: dict[str, Any], asked: Move | None
) -> None:
    assert next_move(made_choice(**changes)) is asked


@pytest.mark.parametrize(
    ("alerted", "asked"), [([0], SURE), ([1], UNSURE), ([0, 1], SURE), ([2], None)]
)
def test_an_alert_wants_a_raise_of_its_tier_or_nothing(
    alerted: list[int], asked: Move | None
) -> None:
    choice = made_choice(raises=(SURE, UNSURE), lowerings=(LOWER,))
    assert next_move(choice, alerted=alerted) is asked
