import numpy as np
import pytest
from factories.boundaries import two_boundaries
from factories.routed import routed

from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs
from tierwatch.evaluation.objectives.total_loss import total_loss


def test_what_simple_serves_counts_at_the_upper_boundary_at_the_rate_of_standard() -> None:
    # 2 of 20 upward pairs of standard: .1 of its 30 requests, and of the 50 that simple serves;
    # the lower boundary loses 1 of 100.
    lost = total_loss(two_boundaries(2, 1), [0.7, 0.7])
    assert lost.value == pytest.approx(0.1 * 0.8 + 0.01)


def test_of_what_standard_serves_at_its_own_label_nothing_is_known_below() -> None:
    pairs = two_boundaries(0)
    labels = np.asarray(pairs.labels).copy()
    labels[50:70] = 1  # compared upwards only
    boundaries = np.asarray(pairs.boundaries)
    own = RoutedPairs(
        np.delete(np.asarray(pairs.confidences), np.s_[70:80], axis=0),
        *(
            np.delete(np.asarray(column), np.s_[70:80])
            for column in (pairs.served, boundaries, labels, pairs.gains)
        ),
        np.delete(np.where(np.arange(100) < 70, 1.0, pairs.weights), np.s_[70:80]),
        np.zeros(90, int),
        pairs.thresholds,
    )
    # 50 + 20 + 20 requests; at .4 simple would take 20 that it never was compared for.
    assert total_loss(own, [0.4, 0.7]).value == pytest.approx(20 / 90)


def test_pairs_of_a_policy_stand_for_what_an_earlier_one_did_not_show() -> None:
    # 100 requests when all went to the top tier by way of .99, of which the lower boundary saw
    # none; 100 at .7, half kept at .9. One of ten kept is worse: .1 * half of all requests.
    kept = [1.0] * 5 + [0.0] * 45
    c = [[0.9, 0.95]] * 50 + [[0.5, 0.6]] * 50
    n = 200
    pairs = RoutedPairs(
        c + c,
        [2] * 100 + [0] * 50 + [2] * 50,
        [1] * 100 + [0] * 50 + [1] * 50,
        [0] * n,
        [0.0] * 100 + kept + [0.0] * 50,
        [1.0] * n,
        [0] * 100 + [1] * 100,
        [[0.99, 0.99], [0.7, 0.7]],
    )
    assert total_loss(pairs, [0.7, 0.7]).value == pytest.approx(0.05)


def test_a_policy_that_showed_little_changes_nothing() -> None:
    """One pair of a policy that serves all at the top would show every request there."""
    pairs = routed(np.random.default_rng(4), 2_000, (0.7, 0.7))
    few = routed(np.random.default_rng(5), 3, (1.0, 1.0))
    columns = ("confidences", "served", "boundaries", "labels", "gains", "weights")
    both = RoutedPairs(
        *(np.concatenate([getattr(pairs, name), getattr(few, name)]) for name in columns),
        [0] * len(np.asarray(pairs.gains)) + [1] * len(np.asarray(few.gains)),
        [(0.7, 0.7), (1.0, 1.0)],
    )
    assert total_loss(both, (0.7, 0.7)) == total_loss(pairs, (0.7, 0.7))
