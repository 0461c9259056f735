"""The columns of a boundary's pairs, checked: confidences, losses, weights."""

import math

from numpy.typing import ArrayLike

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import Floats, checked_array, checked_weights

_CAP_SLACK = 1 + 1e-9


def checked_columns(
    confidences: ArrayLike,
    losses: ArrayLike,
    weights: ArrayLike | None,
    *,
    max_weight: float | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Confidences and losses in [0, 1] and weights scaled to a largest of 1; each of shape (n,).

    Raises:
        EvidenceError: columns of different length, with values outside their range, or a weight
            above the declared cap, if one was declared.

    >>> c, x, w = checked_columns([.9, .8], [1, 0], [2, 4])
    >>> w.tolist()
    [0.5, 1.0]
    """
    c = checked_array(confidences, "confidences", low=0, high=1)
    x = checked_array(losses, "losses", low=0, high=1, size=c.size)
    if max_weight is not None:
        if not 0 < max_weight < math.inf:
            raise EvidenceError(
                f"the cap of the weights, max_weight, must be above 0 and finite, not {max_weight}"
            )
        if weights is not None:
            # 1 / pi comes from a division, so a weight may exceed its cap by rounding.
            checked_array(weights, "weights", low=0, high=max_weight * _CAP_SLACK, size=c.size)
    return c, x, checked_weights(weights, c.size)
