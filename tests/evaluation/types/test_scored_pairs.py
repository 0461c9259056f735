from collections.abc import Sequence

import numpy as np
import pytest
from factories.types import types_of

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.models.held_out import HeldOut
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.types.scored_pairs import ScoredPairs
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.type_offsets import TypeOffsets


def scored(
    log_odds: Floats,
    task_types: Sequence[str],
    verdicts: Sequence[str],
    *,
    sessions: Sequence[str] | None = None,
    weights: Sequence[float] | None = None,
) -> ScoredPairs:
    n = len(verdicts)
    names = sessions or [f"s{number}" for number in range(n)]
    return ScoredPairs(log_odds, task_types, HeldOut(verdicts, weights or [1.0] * n, names))


def test_chances_are_those_of_the_classifier_that_carries_the_offsets() -> None:
    texts = ["prove the sql", "the poem of spring", "neither of both"]
    classifier = LocalClassifier().fit(
        ["prove the sql", "a poem", "tell me", "an sql"] * 75,
        ["worse", "tie", "better", "worse"] * 75,
    )
    types = types_of("sql", "poem")
    offsets = {"sql": (0.7, -0.3), "poem": (-0.4, 2.5)}
    said = np.array([classifier.log_odds(text) for text in texts])
    classifier.type_offsets = TypeOffsets(types.version, offsets)
    pairs = scored(said, [types.assign(text) for text in texts], ["tie"] * 3)
    expected = [classifier.predict(text, types) for text in texts]
    assert pairs.chances(offsets).tolist() == [pytest.approx(one) for one in expected]
    plain = [classifier.predict(text) for text in texts]
    assert pairs.chances({}).tolist() == [pytest.approx(one) for one in plain]


@pytest.mark.parametrize(
    ("log_odds", "types", "found"),
    [
        (np.zeros((3, 2)), ["a"] * 2, "2 task types"),
        (np.zeros((2, 2)), ["a"] * 3, r"shape \(2, 2\)"),
        (np.zeros((3, 1)), ["a"] * 3, r"shape \(3, 1\)"),
        (np.array([[0.0, np.nan]] * 3), ["a"] * 3, "not finite"),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    log_odds: Floats, types: list[str], found: str
) -> None:
    with pytest.raises(EvidenceError, match=found):
        scored(log_odds, types, ["tie"] * 3)
