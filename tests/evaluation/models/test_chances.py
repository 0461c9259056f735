import math
from typing import Any

import numpy as np
import pytest
from factories.held_out import pairs
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.models.chances import (
    LEAST_CHANCE,
    checked_chances,
    confidences,
    log_losses,
    most_gain,
)
from tierwatch.evaluation.models.comparison import compare_models
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.local_tiers import LocalTierClassifier


def test_confidences_are_those_of_the_router() -> None:
    texts = ["prove this bound", "name the capital", "translate a poem", ""]
    lower = LocalClassifier().fit(texts * 100, ["worse", "tie", "better", "tie"] * 100)
    upper = LocalClassifier().fit(texts * 100, ["tie", "worse", "worse", "tie"] * 100)
    router = LocalTierClassifier(["a", "b", "c"], {"a": lower, "b": upper})
    by_router = np.array([router.confidences(text) for text in texts])
    chances = [[one.predict(text) for text in texts] for one in (lower, upper)]
    assert confidences(chances[1]) == pytest.approx(by_router[:, 1])
    assert confidences(chances[0], most_gain(chances[1])) == pytest.approx(by_router[:, 0])


def test_a_chance_of_nothing_costs_as_much_as_one_in_a_thousand() -> None:
    found = compare_models(pairs(["worse"] * 30), [(0.0, 0.0)] * 30, [(1.0, 0.0)] * 30, delta=0.025)
    assert found.log_loss == pytest.approx((math.log(1000), 0))


@st.composite
def chances(draw: st.DrawFn) -> tuple[float, float]:
    higher = draw(st.floats(0, 1))
    return higher, draw(st.floats(0, 1 - higher))


@given(st.lists(chances(), min_size=1, max_size=20), st.data())
def test_a_loss_is_never_below_nothing_nor_above_that_of_one_in_a_thousand(
    given_: list[tuple[float, float]], data: st.DataObject
) -> None:
    verdicts = data.draw(
        st.lists(
            st.sampled_from(["worse", "tie", "better"]),
            min_size=len(given_),
            max_size=len(given_),
        )
    )
    losses = log_losses(np.array(given_), verdicts)
    assert (losses >= 0).all()
    assert (losses <= -math.log(LEAST_CHANCE) + 1e-12).all()


def test_the_loss_is_of_the_chance_that_the_verdict_was_given() -> None:
    said = np.array([(0.5, 0.2)] * 3)
    # Worse .5, tie .3, better .2
    found = log_losses(said, ["worse", "tie", "better"])
    assert found == pytest.approx([-math.log(0.5), -math.log(0.3), -math.log(0.2)])


@given(chances(), st.floats(0, 1))
def test_what_going_on_gains_never_raises_the_confidence(
    said: tuple[float, float], above: float
) -> None:
    alone, with_more = confidences([said])[0], confidences([said], [above])[0]
    assert 0 <= with_more <= alone <= 0.999
    assert most_gain([said], [above])[0] >= 0


def test_a_tier_that_never_loses_is_not_surer_than_a_threshold_of_one() -> None:
    # A threshold of 1 keeps nothing, whatever the model says.
    assert confidences([(0.0, 1.0)])[0] == 0.999


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ([(0.7, 0.4)], "more than 1 together"),
        ([(-0.1, 0.4)], r"outside \[0, 1\]"),
        ([(math.nan, 0.4)], r"outside \[0, 1\]"),
        ([(0.1, 0.1), (0.2, 0.2)], r"accepted: \(1, 2\)"),
        ([0.1, 0.2, 0.3], r"accepted: \(1, 2\)"),
    ],
)
def test_chances_that_are_none_are_refused(given_: list[Any], words: str) -> None:
    with pytest.raises(EvidenceError, match=f"candidate: .*{words}"):
        checked_chances(given_, 1, "candidate")
