"""Leiden's communities of the graph of nearest neighbours."""

from collections.abc import Callable

import numpy as np

from tierwatch.evaluation.types.neighbours import Labels, Points, nearest

_EDGES = 15  # neighbours of a point in Leiden's graph
_RESOLUTION = 1.0
Leiden = Callable[..., tuple[float, dict[str, int]]]


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
