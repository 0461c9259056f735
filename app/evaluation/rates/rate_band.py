"""The band of a chart: a rate with its time-uniform interval at every number of pairs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import check_confidence_level
from tierwatch.evaluation.rates.columns import Floats, checked_array
from tierwatch.evaluation.rates.confidence_sequence import interval_ends, scaled_weights


@dataclass(frozen=True, slots=True)
class Band:
    """A rate with its time-uniform interval, at some numbers of pairs.

    Attributes:
        n: numbers of pairs, rising; shape (k,).
        value: weighted mean loss of the first n pairs; shape (k,).
        low: lower ends; shape (k,).
        high: upper ends; shape (k,).
    """

    n: NDArray[np.intp]
    value: Floats
    low: Floats
    high: Floats


def rate_band(
    losses: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    max_weight: float = 1.0,
    level: float = 0.95,
    at: ArrayLike | None = None,
) -> Band:
    """The band for a chart: value and time-uniform interval at every n, or at those asked for.

    Formula, guarantee and limits stand at the top of this file. The band is not intersected with
    its own past: it narrows and, after bad luck, widens again, and it is never empty.

    Args:
        losses: in [0, 1], in order of arrival; shape (n,).
        weights: 1 / pi, above 0 and at most ``max_weight``; None for equal weights.
        max_weight: the declared cap of the weights; unused without weights.
        level: of the whole band.
        at: numbers of pairs to show, whole and from 1 to n; sorted, repeats dropped; None for all.

    Raises:
        EvidenceError: losses, weights, level or ``at`` outside their range, or lengths that differ.

    >>> band = rate_band([0, 1, 0, 0] * 50, at=[4, 200])
    >>> band.n.tolist(), band.value.tolist()
    ([4, 200], [0.25, 0.25])
    >>> band.low.round(3).tolist(), band.high.round(3).tolist()
    ([0.003, 0.159], [0.852, 0.359])
    """
    x = checked_array(losses, "losses", low=0, high=1)
    u = scaled_weights(weights, max_weight, x.size)
    check_confidence_level(level)
    n = np.arange(1, x.size + 1) if at is None else _checked_places(at, x.size)
    mass = np.cumsum(u)[n - 1]
    # Rounding may leave all-bad sums a hair above their mass.
    bad = np.minimum(np.cumsum(u * x)[n - 1], mass)
    low, high = interval_ends(bad, mass, level)
    return Band(n=n, value=bad / mass, low=low, high=high)


def _checked_places(at: ArrayLike, size: int) -> NDArray[np.intp]:
    places = checked_array(at, "places of the band", low=1, high=max(1, size))
    if size == 0 and places.size:
        raise EvidenceError("a band of no pairs has no place to show")
    if not np.all(places == np.floor(places)):
        raise EvidenceError("places of the band must be whole numbers of pairs")
    return np.unique(places).astype(np.intp)
