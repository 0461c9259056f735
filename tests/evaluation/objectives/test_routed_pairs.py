from typing import Any

import numpy as np
import pytest
from factories.routed import routed

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs, of_seen_policies


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


ONE = {
    "confidences": [[0.9, 0.9]],
    "served": [0],
    "boundaries": [0],
    "labels": [0],
    "gains": [0.0],
    "weights": [1.0],
    "policies": [0],
    "thresholds": [[0.5, 0.5]],
}


@pytest.mark.parametrize(
    ("served", "boundary", "possible"),
    [(0, 0, True), (1, 0, True), (1, 1, True), (2, 1, True), (2, 0, False), (0, 1, False)],
)
def test_a_pair_is_compared_one_tier_up_or_one_tier_down(
    served: int,
    boundary: int,
    possible: bool,  # noqa: FBT001 - a table
) -> None:
    given: dict[str, Any] = ONE | {"served": [served], "boundaries": [boundary]}
    if possible:
        assert RoutedPairs(**given).served == [served]
        return
    with pytest.raises(EvidenceError, match="one tier above"):
        RoutedPairs(**given)


def test_columns_become_arrays_of_their_kind() -> None:
    pairs = RoutedPairs(**ONE)
    assert np.asarray(pairs.served).dtype == np.intp
    assert np.asarray(pairs.confidences).dtype == np.float64
    assert np.asarray(pairs.thresholds).shape == (1, 2)


def test_no_pairs_are_pairs_too() -> None:
    empty = RoutedPairs(np.empty((0, 2)), [], [], [], [], [], [], [[0.5, 0.5]])
    assert of_seen_policies(empty) is empty


def test_pairs_of_policies_that_showed_little_are_left_out() -> None:
    rng = np.random.default_rng(1)
    many = routed(rng, 2_000, (0.7, 0.7))
    assert of_seen_policies(many) is many
    few = np.zeros(len(np.asarray(many.gains)), dtype=int)
    few[:30] = 1
    mixed = RoutedPairs(
        many.confidences,
        many.served,
        many.boundaries,
        many.labels,
        many.gains,
        many.weights,
        few,
        [(0.7, 0.7), (0.6, 0.6)],
    )
    kept = of_seen_policies(mixed)
    assert len(np.asarray(kept.gains)) == few.size - 30
    assert set(np.asarray(kept.policies).tolist()) == {0}


def test_where_no_policy_showed_enough_the_one_that_showed_most_stays() -> None:
    rng = np.random.default_rng(1)
    few = routed(rng, 100, (0.7, 0.7))
    assert len(np.asarray(few.gains)) < 200
    assert of_seen_policies(few) is few
