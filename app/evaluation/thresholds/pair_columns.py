"""The columns of a boundary's pairs, checked: confidences, losses, weights."""

import numpy as np
from numpy.typing import ArrayLike

from tierwatch.evaluation.rates.columns import Floats, checked_array, checked_weights
from tierwatch.evaluation.thresholds.weight_caps import check_against, checked_caps


def checked_columns(
    confidences: ArrayLike,
    losses: ArrayLike,
    weights: ArrayLike | None,
    *,
    max_weight: ArrayLike | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Confidences and losses in [0, 1] and weights scaled to a largest of 1; each of shape (n,).

    Args:
        confidences: in [0, 1].
        losses: in [0, 1].
        weights: above 0; None for equal ones.
        max_weight: as `checked_caps` takes it; None where none is declared.

    Raises:
        EvidenceError: columns of different length, with values outside their range, or a weight
            above the declared cap, if one was declared.

    >>> c, x, w = checked_columns([.9, .8], [1, 0], [2, 4])
    >>> w.tolist()
    [0.5, 1.0]
    """
    c = checked_array(confidences, "confidences", low=0, high=1)
    x = checked_array(losses, "losses", low=0, high=1, size=c.size)
    w = checked_weights(weights, c.size)
    if max_weight is not None:
        caps = checked_caps(max_weight)
        if weights is not None:
            check_against(np.asarray(weights, dtype=np.float64), c, caps)
    return c, x, w
