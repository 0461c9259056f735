from typing import Any

import pytest

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"confidences": [[1.5]]}, "in \\[0, 1\\]"),
        ({"confidences": [[0.5, 0.5]]}, "as many as a policy"),
        ({"served": [2]}, "served"),
        ({"served": [0, 0]}, "served"),
        ({"boundaries": [1]}, "boundaries"),
        ({"policies": [1]}, "policies"),
        ({"gains": [2.0]}, "gains"),
        ({"weights": [0.0]}, "weights"),
        ({"thresholds": [0.5]}, "thresholds"),
    ],
)
def test_pairs_that_cannot_be_are_refused(changes: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {
        "confidences": [[0.9]],
        "served": [0],
        "boundaries": [0],
        "labels": [0],
        "gains": [0.0],
        "weights": [1.0],
        "policies": [0],
        "thresholds": [[0.5]],
    }
    with pytest.raises(EvidenceError, match=said):
        RoutedPairs(**(given | changes))


def test_a_pair_two_tiers_from_its_boundary_is_refused() -> None:
    with pytest.raises(EvidenceError, match="one tier above"):
        RoutedPairs([[0.1, 0.1]], [2], [0], [0], [0.0], [1.0], [0], [[0.5, 0.5]])
