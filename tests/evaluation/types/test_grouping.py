"""Prompts as points, their neighbours, and the groups of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.types.grouping import (
    ONE_KIND,
    installed_leiden,
    k_means,
    leiden_groups,
    merge_small,
    nearest,
    prompt_points,
    settle,
    unit_rows,
    word_rows,
)
from tierwatch.routing.classify.task_types import BUCKETS, type_words

SQL = "select rows join table index query database column"
POEM = "rhyme verse stanza spring moon sonnet metaphor lyric"


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


def texts(n: int, seed: int = 0) -> tuple[list[str], list[int]]:
    """Prompts of two kinds, four words each, and their kinds."""
    rng = np.random.default_rng(seed)
    kinds = [number % 2 for number in range(n)]
    drawn = [" ".join(rng.choice((SQL, POEM)[kind].split(), 4, replace=False)) for kind in kinds]
    return drawn, kinds


def no_losses(n: int) -> np.ndarray:
    return np.full((n, 1), math.nan)


def test_a_row_has_a_one_for_each_word_of_its_prompt() -> None:
    rows = word_rows(["select the rows", "", "select"])
    assert rows.shape == (3, BUCKETS)
    for row, text in zip(rows.toarray(), ("select the rows", "", "select"), strict=True):
        assert set(np.flatnonzero(row)) == set(type_words(text))
    assert set(rows.data) == {1.0}


def test_prompts_alike_in_meaning_are_near_and_others_far() -> None:
    drawn, kinds = texts(120)
    points = prompt_points(word_rows(drawn), no_losses(120), seed=0)
    cosines, same = points @ points.T, np.equal.outer(kinds, kinds)
    apart = ~np.eye(120, dtype=bool)
    assert cosines[same & apart].mean() > cosines[~same].mean() + 0.1
    assert np.linalg.norm(points, axis=1) == pytest.approx(np.ones(120))


def test_neighbours_losses_pull_prompts_of_one_outcome_together() -> None:
    drawn, kinds = texts(120)
    losses = np.array([[float(kind)] for kind in kinds])
    words = word_rows(drawn)
    same = np.equal.outer(kinds, kinds)

    def contrast(column: np.ndarray) -> float:
        points = prompt_points(words, column, seed=0)
        cosines = points @ points.T
        return float(cosines[same].mean() - cosines[~same].mean())

    assert contrast(losses) > contrast(no_losses(120))


def test_the_seed_repeats_the_points() -> None:
    drawn, _ = texts(80)
    words, losses = word_rows(drawn), no_losses(80)
    assert np.array_equal(prompt_points(words, losses, 3), prompt_points(words, losses, 3))


def test_losses_all_alike_move_nothing() -> None:
    drawn, _ = texts(80)
    words = word_rows(drawn)
    plain = prompt_points(words, no_losses(80), seed=0)[:, :-1]
    alike = prompt_points(words, np.ones((80, 1)), seed=0)[:, :-1]
    assert alike == pytest.approx(plain)


def test_prompts_of_one_kind_have_no_directions() -> None:
    with pytest.raises(EvidenceError, match=ONE_KIND):
        prompt_points(word_rows(["all the same words here"] * 60), no_losses(60), seed=0)


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
