"""The columns of a boundary's pairs, checked: confidences, losses, weights."""

from numpy.typing import ArrayLike

from tierwatch.evaluation.rates.columns import Floats, checked_array, checked_weights


def checked_columns(
    confidences: ArrayLike, losses: ArrayLike, weights: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Confidences and losses in [0, 1] and weights scaled to a largest of 1; each of shape (n,).

    Raises:
        EvidenceError: columns of different length, or with values outside their range.

    >>> c, x, w = checked_columns([.9, .8], [1, 0], [2, 4])
    >>> w.tolist()
    [0.5, 1.0]
    """
    c = checked_array(confidences, "confidences", low=0, high=1)
    x = checked_array(losses, "losses", low=0, high=1, size=c.size)
    return c, x, checked_weights(weights, c.size)
