"""Points as rows of length 1, so that the product of two is their cosine; their neighbours."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Labels = NDArray[np.intp]
_BLOCK = 1024  # rows of cosines held at once: 1,024 x 12,000 doubles are 98 MB


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
