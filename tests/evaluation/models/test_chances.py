import math

import numpy as np
import pytest
from factories.held_out import pairs

from tierwatch.evaluation.models.chances import confidences, most_gain
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
