"""The threshold at which another model keeps the same share of requests."""

import math

import numpy as np
from numpy.typing import ArrayLike

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.objectives.quality_target import _ROUNDING
from tierwatch.evaluation.rates.columns import checked_array

_GRID = 0.01


def match_share(
    threshold: float, held_out: ArrayLike, weights: ArrayLike, recent: ArrayLike
) -> float:
    """The threshold that keeps the same share of recent requests as ``threshold`` kept held out.

    Held-out confidences come from models of part of the pairs. The model of all pairs spreads its
    confidences more, and a threshold carried over as it stands would keep another share.

    Args:
        threshold: chosen on held-out confidences; a tier keeps what is at or above it.
        held_out: confidences of pairs, shape (n,).
        weights: of the pairs, shape (n,).
        recent: confidences that the model to be served gives recent requests, shape (m,).

    Returns:
        The loosest on the grid of two decimals that keeps no larger a share; 1 if none does.

    Raises:
        EvidenceError: no pairs, no requests, or values out of range.

    >>> match_share(.5, [.2, .6, .8, .9], [1, 1, 1, 1], [.1, .7, .85, .95])    # three of four
    0.11
    """
    c = checked_array(held_out, "confidences", low=0, high=1)
    w = checked_array(weights, "weights", low=0, high=math.inf)
    r = np.sort(checked_array(recent, "recent confidences", low=0, high=1))
    if not (c.size and r.size) or c.size != w.size or w.sum() <= 0:
        raise EvidenceError(
            f"found {c.size} confidences, {w.size} weights and {r.size} recent confidences;"
            " accepted: some of each, and a weight for each confidence"
        )
    kept = float(w[c >= threshold].sum() / w.sum())
    dials = np.round(np.arange(0, 1 + _GRID / 2, _GRID), 2)
    no_larger = 1 - np.searchsorted(r, dials, side="left") / r.size <= kept + _ROUNDING
    return float(dials[np.argmax(no_larger)]) if no_larger[-1] else 1.0
