import numpy as np
from factories.boundaries import ask
from factories.routed import routed

from tierwatch.evaluation.objectives.moves import next_move


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
