import numpy as np
import pytest
from factories.held_out import pairs
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.models.comparison import compare_models
from tierwatch.evaluation.models.held_out import Conversations
from tierwatch.evaluation.models.recovered import area_gain, area_of


def test_the_share_recovered_is_the_area_under_the_curve() -> None:
    # Sent up by the candidate: worse, tie, tie, better. Gains 1, 1, 1, 0 of a total of 0: none.
    chances = [(0.9, 0.0), (0.5, 0.0), (0.4, 0.0), (0.0, 0.0)]
    none = compare_models(pairs(["worse", "tie", "tie", "better"]), chances, chances, delta=0.025)
    assert none.apgr is None
    assert none.apgr_gain.value is None
    # Two worse at the front of four: (0 + .5)/2 + (.5 + 1)/2 + 1 + 1 over 4 budgets = .75; ranked
    # last they give .25, and all alike a straight line, .5.
    verdicts = ["worse", "worse", "tie", "tie"]
    for order, expected in (
        (chances, 0.75),
        (chances[::-1], 0.25),
        ([(0.3, 0.0)] * 4, 0.5),
    ):
        found = compare_models(pairs(verdicts), order, chances, delta=0.025)
        assert found.apgr == pytest.approx((expected, 0.75))


rows = st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 1.0])), min_size=2, max_size=40)


@given(rows)
def test_the_area_lies_between_nothing_and_all_of_it(pairs: list[tuple[float, float]]) -> None:
    confidence, gain = (np.array([row[k] for row in pairs]) for k in range(2))
    area = area_of(confidence, gain)(np.ones(len(pairs)))
    if not gain.any():
        assert area is None
        return
    assert area is not None
    assert 0 <= area <= 1
    # The other way round it is the rest.
    turned = area_of(-confidence, gain)(np.ones(len(pairs)))
    assert turned == pytest.approx(1 - area)


def test_confidences_all_alike_are_no_better_than_chance() -> None:
    assert area_of(np.full(10, 0.5), np.array([1.0] * 3 + [0.0] * 7))(np.ones(10)) == 0.5


def test_the_least_confident_in_order_is_best_and_the_other_order_worst() -> None:
    # One of ten gains. Sent up first: .5 * .1 + .9; sent up last: .5 * .1.
    gain = np.array([1.0] + [0.0] * 9)
    order = np.linspace(0, 1, 10)
    assert area_of(order, gain)(np.ones(10)) == pytest.approx(0.95)
    assert area_of(order[::-1], gain)(np.ones(10)) == pytest.approx(0.05)


def test_weights_stretch_the_curve() -> None:
    # The prompt that gains stands for 3 of 4 requests: .5 * .75 + .25.
    area = area_of(np.array([0.1, 0.9]), np.array([1.0, 0.0]))
    assert area(np.array([3.0, 1.0])) == pytest.approx(0.625)


@pytest.mark.parametrize("gain", [[0.0, 0.0], [-1.0, 0.0], [1.0, -1.0]])
def test_where_the_higher_tier_is_no_better_there_is_no_gap(gain: list[float]) -> None:
    assert area_of(np.array([0.1, 0.9]), np.array(gain))(np.ones(2)) is None


def test_the_gain_of_the_same_ranking_is_nothing_for_sure() -> None:
    talks = Conversations.of(pairs(["worse", "tie"] * 30))
    area = area_of(np.linspace(0, 1, 60), np.array([1.0, 0.0] * 30))
    found = area_gain([area, area], talks, seed=1)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
