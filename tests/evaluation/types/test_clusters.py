"""Groups of points."""

import numpy as np
import pytest

from tierwatch.evaluation.types.clusters import k_means, merge_small, settle
from tierwatch.evaluation.types.leiden import installed_leiden, leiden_groups
from tierwatch.evaluation.types.neighbours import nearest, unit_rows


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


def test_nearest_equals_brute_force_over_blocks() -> None:
    rng = np.random.default_rng(1)
    points = unit_rows(rng.normal(size=(1500, 6)))
    places, cosines = nearest(points, 4)
    brute = points @ points.T
    np.fill_diagonal(brute, -np.inf)
    for row in (0, 1023, 1024, 1499):
        expected = np.sort(brute[row])[-4:]
        assert np.sort(cosines[row]) == pytest.approx(expected)
        assert row not in places[row]


def test_nearest_asks_for_no_more_than_there_are() -> None:
    assert nearest(np.eye(3), 30)[0].shape == (3, 2)


def test_small_groups_join_the_nearest_and_the_largest_comes_first() -> None:
    points, truth = blobs([5, 60, 40])
    merged = merge_small(points, truth, most=9, fewest=10)
    assert set(merged.tolist()) == {0, 1}
    assert set(merged[truth == 1].tolist()) == {0}
    assert set(merged[truth == 2].tolist()) == {1}
    assert set(merge_small(points, truth, most=1, fewest=10).tolist()) == {0}
    assert not merge_small(points, truth, most=9, fewest=1000).any()


def test_leiden_finds_groups_that_are_there() -> None:
    leiden = installed_leiden()
    if leiden is None:
        pytest.skip("needs the extra train")
    points, truth = blobs([80, 50, 30])
    found = leiden_groups(points, leiden, seed=1)
    assert len({(a, b) for a, b in zip(found.tolist(), truth.tolist(), strict=True)}) == len(
        set(found.tolist())
    )  # no community spans two groups
    assert np.array_equal(found, leiden_groups(points, leiden, seed=1))


def test_points_without_any_likeness_make_one_community() -> None:
    assert not leiden_groups(np.eye(4), lambda *_: (0.0, {}), seed=0).any()
