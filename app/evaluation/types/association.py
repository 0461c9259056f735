"""How far groups differ in a rate: Cramer's V, corrected for bias."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def cramers_v(groups: ArrayLike, losses: ArrayLike) -> float | None:
    """Bias-corrected Cramer's V between groups and a yes-or-no loss.

    ``phi2 = chi2 / n``, less its mean under independence ``(r-1)(c-1)/(n-1)`` and not below 0;
    ``V = sqrt(phi2 / min(r' - 1, c' - 1))`` with ``r' = r - (r-1)^2 / (n-1)``, likewise ``c'``.
    Bergsma: "A bias-correction for Cramer's V and Tschuprow's T" (Journal of the Korean
    Statistical Society, 2013).

    Args:
        groups: of each pair, n of them.
        losses: of each pair, 0 or 1; a pair whose loss is not a number is left out.

    Returns:
        In [0, 1]: 0 where the groups have one rate, 1 where the group decides the loss. None
        where that cannot be said: no pairs, one group, or one loss only.

    >>> cramers_v(["a"] * 50 + ["b"] * 50, [0] * 50 + [1] * 50)
    1.0
    >>> cramers_v(["a", "b"] * 50, [0, 0, 1, 1] * 25)
    0.0
    >>> cramers_v(["a"] * 4, [0, 1, 0, 1]) is None
    True
    """
    loss = np.asarray(losses, dtype=float)
    known = np.isfinite(loss)
    table = _table(np.asarray(groups)[known], loss[known])
    if table is None:
        return None
    n = table.sum()
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / n
    rows, columns = table.shape
    phi2 = ((table - expected) ** 2 / expected).sum() / n
    phi2 = max(0.0, phi2 - (rows - 1) * (columns - 1) / (n - 1))
    rows_left = rows - (rows - 1) ** 2 / (n - 1)
    columns_left = columns - (columns - 1) ** 2 / (n - 1)
    return min(1.0, math.sqrt(phi2 / (min(rows_left, columns_left) - 1)))


def pooled_v(parts: Sequence[tuple[float | None, int]]) -> float | None:
    """One V for several boundaries: the root of the mean square, each weighing its pairs.

    >>> pooled_v([(.3, 100), (.4, 100), (None, 50)])
    0.3535...
    """
    known = [(v, pairs) for v, pairs in parts if v is not None and pairs]
    total = sum(pairs for _, pairs in known)
    return math.sqrt(sum(v * v * pairs for v, pairs in known) / total) if total else None


def _table(groups: NDArray[np.generic], losses: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Counts by group and loss; None when there are not two of each, and pairs beyond them."""
    names, places = np.unique(groups, return_inverse=True)
    table = np.zeros((len(names), 2))
    np.add.at(table, (places, (losses > 0).astype(int)), 1.0)
    enough = len(names) > 1 and len(losses) > len(names) and table.any(axis=0).all()
    return table if enough else None
