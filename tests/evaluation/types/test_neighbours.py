import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@given(st.integers(2, 30), st.integers(1, 8), st.integers(0, 99))
def test_neighbours_are_others_by_falling_closeness_of_their_set(
    n: int, count: int, seed: int
) -> None:
    points = unit_rows(np.random.default_rng(seed).normal(size=(n, 4)))
    places, cosines = nearest(points, count)
    assert places.shape == cosines.shape == (n, min(count, n - 1))
    for point in range(n):
        assert point not in places[point]
        assert len(set(places[point].tolist())) == places.shape[1]
        others = np.delete(points @ points[point], point)
        assert sorted(cosines[point]) == pytest.approx(sorted(others)[-places.shape[1] :])


@given(st.integers(1, 20), st.floats(0.01, 100))
def test_rows_have_length_one_whatever_their_scale(n: int, factor: float) -> None:
    points = np.random.default_rng(n).normal(size=(n, 3))
    assert np.linalg.norm(unit_rows(points), axis=1) == pytest.approx(np.ones(n))
    assert unit_rows(factor * points) == pytest.approx(unit_rows(points))


def test_a_row_of_nothing_stays_nothing() -> None:
    assert unit_rows(np.zeros((2, 3))).tolist() == [[0.0] * 3] * 2
