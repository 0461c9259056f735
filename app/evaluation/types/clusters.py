"""Groups of points: k-means on the sphere, and the merging of crumbs."""

import numpy as np

from tierwatch.evaluation.types.neighbours import Labels, Points, unit_rows

_ROUNDS = 40
_STARTS = 3


def k_means(points: Points, count: int, rng: np.random.Generator) -> Labels:
    """Spherical k-means from k-means++ starts, the best of three.

    Dhillon, Modha: "Concept decompositions for large sparse text data" (Machine Learning 2001);
    starts by Arthur, Vassilvitskii (SODA 2007).

    >>> points = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> labels = k_means(points, 2, np.random.default_rng(0))
    >>> bool(labels[0] == labels[1] != labels[2])
    True
    """
    best = -np.inf
    found = np.zeros(len(points), dtype=np.intp)
    for _ in range(_STARTS):
        labels, closeness = _settled(points, _starts(points, count, rng))
        if closeness > best:
            best, found = closeness, labels
    return found


def settle(points: Points, labels: Labels) -> Labels:
    """K-means from given groups: where they lead when each point may move."""
    centres = np.array([points[labels == group].sum(axis=0) for group in np.unique(labels)])
    return _settled(points, unit_rows(centres))[0]


def merge_small(points: Points, labels: Labels, *, most: int, fewest: int) -> Labels:
    """The groups of at least ``fewest`` points, at most ``most`` of them; others join the nearest.

    Returns:
        Labels 0, 1, ... by size, the largest first. All zeros when nothing is left to tell apart.

    >>> points = np.array([[1.0, 0.0]] * 3 + [[0.0, 1.0]] * 2 + [[0.6, 0.8]])
    >>> merge_small(points, np.array([7, 7, 7, 2, 2, 5]), most=9, fewest=2).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    groups, sizes = np.unique(labels, return_counts=True)
    order = np.argsort(-sizes, kind="stable")[:most]
    kept = [groups[place] for place in order if sizes[place] >= fewest]
    if not kept:
        return np.zeros(len(points), dtype=np.intp)
    centres = unit_rows(np.array([points[labels == group].sum(axis=0) for group in kept]))
    merged: Labels = np.argmax(points @ centres.T, axis=1)
    for place, group in enumerate(kept):
        merged[labels == group] = place
    return merged


def _starts(points: Points, count: int, rng: np.random.Generator) -> Points:
    chosen = [int(rng.integers(len(points)))]
    far = 1 - points @ points[chosen[0]]
    while len(chosen) < count:
        chances = np.maximum(far, 0.0)
        if not chances.any():
            break  # fewer different points than groups were asked for
        chosen.append(int(rng.choice(len(points), p=chances / chances.sum())))
        far = np.minimum(far, 1 - points @ points[chosen[-1]])
    return points[chosen]


def _settled(points: Points, centres: Points) -> tuple[Labels, float]:
    labels = np.argmax(points @ centres.T, axis=1)
    for _ in range(_ROUNDS):
        sums = np.zeros_like(centres)
        np.add.at(sums, labels, points)
        lengths = np.linalg.norm(sums, axis=1)
        centres = np.where(lengths[:, None] > 0, unit_rows(sums), centres)
        moved = np.argmax(points @ centres.T, axis=1)
        if np.array_equal(moved, labels):
            break
        labels = moved
    return labels, float((points * centres[labels]).sum())
