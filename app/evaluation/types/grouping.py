"""Prompts as points, their neighbours, and the groups that they fall into."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import ArpackError, svds

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.types.measure import Losses
from tierwatch.routing.classify.task_types import BUCKETS, type_words

Points = NDArray[np.float64]
Labels = NDArray[np.intp]
_BLOCK = 1024  # rows of cosines held at once: 1,024 x 12,000 doubles are 98 MB
_DIMENSIONS = 48
_NEIGHBOURS = 30  # whose losses stand beside a prompt's meaning
_PRIOR_NEIGHBOURS = 3.0  # cosine-weighted neighbours that the overall rate counts as
# Weight of the losses beside the meaning, whose rows have length 1. On recorded traffic V rises up
# to .2 to .35; from .6 on the student cannot tell the groups any more (.93 to .98 against .998).
_LOSS_WEIGHT = 0.2
_RAREST = 3  # prompts that a word must occur in
_COMMONEST = 0.9
ONE_KIND = "found prompts that are all of one kind; accepted: two kinds or more"
_ROUNDS = 40  # of k-means, at most
_STARTS = 3  # of k-means, the best of which counts
_EDGES = 15  # neighbours of a point in Leiden's graph
_RESOLUTION = 1.0
Leiden = Callable[..., tuple[float, dict[str, int]]]


def unit_rows(points: Points) -> Points:
    """The rows scaled to length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    scaled: Points = points / np.where(lengths > 0, lengths, 1.0)
    return scaled


def nearest(points: Points, count: int) -> tuple[Labels, Points]:
    """The ``count`` nearest others of each point, as (n, count) places and cosines.

    Taken in blocks, so memory grows with n and not with its square.
    """
    n = len(points)
    count = min(count, n - 1)
    places = np.empty((n, count), dtype=np.intp)
    cosines = np.empty((n, count))
    for first in range(0, n, _BLOCK):
        block = points[first : first + _BLOCK] @ points.T
        rows = np.arange(len(block))
        block[rows, first + rows] = -np.inf
        found = np.argpartition(-block, count - 1, axis=1)[:, :count]
        places[first : first + _BLOCK] = found
        cosines[first : first + _BLOCK] = np.take_along_axis(block, found, axis=1)
    return places, cosines


def word_rows(texts: Sequence[str]) -> sparse.csr_matrix:
    """(n, BUCKETS): 1 where a prompt has a hashed word."""
    found = [sorted(type_words(text)) for text in texts]
    ends = np.cumsum([0, *map(len, found)])
    places = np.array([bucket for row in found for bucket in row], dtype=np.int32)
    return sparse.csr_matrix((np.ones(ends[-1]), places, ends), shape=(len(texts), BUCKETS))


def prompt_points(words: sparse.csr_matrix, losses: Losses, seed: int) -> Points:
    """Meaning and neighbours' losses of each prompt, as rows of length 1."""
    n = words.shape[0]
    frequency = np.asarray(words.sum(axis=0)).ravel()
    idf = np.log((n + 1) / (frequency + 1))
    idf[(frequency < _RAREST) | (frequency > _COMMONEST * n)] = 0.0
    weighted = words @ sparse.diags(idf)
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted = sparse.diags(1 / np.where(lengths > 0, lengths, 1.0)) @ weighted
    dimensions = min(_DIMENSIONS, n - 1)
    first = np.random.default_rng(seed).random(min(weighted.shape))
    try:
        _, _, axes = svds(weighted, k=dimensions, v0=first)
    except ArpackError as problem:
        raise EvidenceError(ONE_KIND) from problem
    meaning = unit_rows(np.asarray(weighted @ axes.T))
    places, cosines = nearest(meaning, _NEIGHBOURS)
    closeness = np.maximum(cosines, 0.0) ** 2
    beside: Points = np.array([_smoothed(column, places, closeness) for column in losses.T])
    scale = _LOSS_WEIGHT / np.sqrt(max(1, len(beside)))
    return unit_rows(np.concatenate([meaning, scale * beside.T], axis=1))


def _smoothed(losses: Losses, places: Labels, closeness: Points) -> Losses:
    """Mean loss of each prompt's neighbours, shrunk to the mean of all; standardised."""
    known = np.isfinite(losses)
    if not known.any():
        return np.zeros(len(losses))
    mean = losses[known].mean()
    weights = closeness * known[places]
    seen = (weights * np.where(known, losses, 0.0)[places]).sum(axis=1)
    smooth = (seen + _PRIOR_NEIGHBOURS * mean) / (weights.sum(axis=1) + _PRIOR_NEIGHBOURS)
    spread = smooth.std()
    standard: Losses = (smooth - mean) / spread if spread > 0 else np.zeros(len(losses))
    return standard


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


def installed_leiden() -> Leiden | None:
    """Leiden of ``graspologic-native`` (MIT), part of the extra ``train``; None without it."""
    try:
        from graspologic_native import leiden  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    found: Leiden = leiden
    return found


def leiden_groups(points: Points, leiden: Leiden, *, seed: int) -> Labels:
    """The communities of the graph of nearest neighbours, weighted by cosine.

    Traag, Waltman, van Eck: "From Louvain to Leiden" (Scientific Reports 2019).
    """
    places, cosines = nearest(points, _EDGES)
    edges = [
        (str(point), str(place), float(cosine))
        for point, (row, near) in enumerate(zip(places, cosines, strict=True))
        for place, cosine in zip(row, near, strict=True)
        if cosine > 0
    ]
    if not edges:
        return np.zeros(len(points), dtype=np.intp)
    _, groups = leiden(edges, resolution=_RESOLUTION, seed=seed)
    # A point without neighbours is in no community; it joins the first and moves when merged.
    return np.array([groups.get(str(point), 0) for point in range(len(points))], dtype=np.intp)
