"""Groups of points."""

import numpy as np

from tierwatch.evaluation.types.clusters import k_means, settle
from tierwatch.evaluation.types.neighbours import unit_rows


def blobs(sizes: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    points = np.eye(len(sizes) + 2)[truth] + rng.normal(0, 0.08, (sum(sizes), len(sizes) + 2))
    order = rng.permutation(len(truth))
    return unit_rows(points[order]), truth[order]


def same_partition(a: np.ndarray, b: np.ndarray) -> bool:
    pairs = set(zip(a.tolist(), b.tolist(), strict=True))
    return len(pairs) == len(set(a.tolist())) == len(set(b.tolist()))


def test_k_means_finds_groups_that_are_there_and_repeats_itself() -> None:
    points, truth = blobs([80, 50, 30])
    found = k_means(points, 3, np.random.default_rng(5))
    assert same_partition(found, truth)
    assert np.array_equal(found, k_means(points, 3, np.random.default_rng(5)))


def test_k_means_of_fewer_different_points_than_groups_ends() -> None:
    points = unit_rows(np.array([[1.0, 0.0]] * 5 + [[0.0, 1.0]] * 5))
    assert len(set(k_means(points, 4, np.random.default_rng(0)).tolist())) == 2


def test_settling_from_the_truth_stays_and_from_a_disturbed_one_comes_back() -> None:
    points, truth = blobs([60, 60])
    assert same_partition(settle(points, truth), truth)
    disturbed = truth.copy()
    disturbed[::5] = 1 - disturbed[::5]
    assert same_partition(settle(points, disturbed), truth)
