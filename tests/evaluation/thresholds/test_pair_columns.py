import math

import pytest
from factories.certified import choose

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.thresholds.choice import choose_threshold

nan = math.nan


@pytest.mark.parametrize(
    ("confidences", "losses", "weights", "words"),
    [
        ([0.5], [0, 1], None, "2 losses for 1 pairs"),
        ([0.5, 0.6], [0, 1], [1.0], "1 weights for 2 pairs"),
        ([math.nan], [0], None, "confidences"),
        ([1.2], [0], None, "confidences"),
        ([0.5], [math.nan], None, "losses"),
        ([0.5], [1.5], None, "losses"),
        ([0.5], [-1], None, "losses"),
        ([0.5], ["worse"], None, "not numbers"),
        ([[0.5]], [[0]], None, "one-dimensional"),
        ([0.5, 0.5], [0, 0], [1.0, 0.0], "weights"),
        ([0.5, 0.5], [0, 0], [0.0, 0.0], "weights"),
        ([0.5], [0], [-1.0], "weights"),
        ([0.5], [0], [math.inf], "weights"),
        ([0.5], [0], [math.nan], "weights"),
    ],
)
def test_columns_that_void_the_guarantee_are_refused(
    confidences: object, losses: object, weights: object, words: str
) -> None:
    with pytest.raises(EvidenceError, match=words):
        choose(confidences, losses, weights)


def test_a_weight_above_its_declared_cap_is_refused_and_one_at_it_changes_nothing() -> None:
    c, x, w = [0.9] * 100, [1] * 3 + [0] * 97, [2.0] * 50 + [1.5] * 50
    free = choose_threshold(c, x, w, alpha=0.1, delta=0.05, current=0.5, step=0.1)
    capped = choose_threshold(c, x, w, alpha=0.1, delta=0.05, current=0.5, step=0.1, max_weight=2.0)
    assert capped == free
    with pytest.raises(EvidenceError, match=r"above its declared cap, 1\.9"):
        choose_threshold(c, x, w, alpha=0.1, delta=0.05, current=0.5, step=0.1, max_weight=1.9)
    for cap in (0.0, -1.0, math.inf, nan):
        with pytest.raises(EvidenceError, match="max_weight"):
            choose_threshold(c, x, w, alpha=0.1, delta=0.05, current=0.5, step=0.1, max_weight=cap)
