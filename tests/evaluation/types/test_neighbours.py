import numpy as np
import pytest

from tierwatch.evaluation.types.clusters import merge_small
from tierwatch.evaluation.types.neighbours import nearest, unit_rows


def blobs(sizes: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    points = np.eye(len(sizes) + 2)[truth] + rng.normal(0, 0.08, (sum(sizes), len(sizes) + 2))
    order = rng.permutation(len(truth))
    return unit_rows(points[order]), truth[order]


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
