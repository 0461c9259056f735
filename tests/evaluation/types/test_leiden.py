import numpy as np
import pytest

from tierwatch.evaluation.types.leiden import installed_leiden, leiden_groups
from tierwatch.evaluation.types.neighbours import unit_rows


def blobs(sizes: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    points = np.eye(len(sizes) + 2)[truth] + rng.normal(0, 0.08, (sum(sizes), len(sizes) + 2))
    order = rng.permutation(len(truth))
    return unit_rows(points[order]), truth[order]


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
