"""The threshold at which another model keeps no more traffic than is kept now."""

from numpy.typing import ArrayLike

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import checked_array, checked_weights

_CENTS = 100


def matched_threshold(
    incumbent: ArrayLike, candidate: ArrayLike, weights: ArrayLike, threshold: float
) -> float:
    """The loosest threshold at which the candidate keeps no more traffic than is kept now.

    Confidences of two models are not comparable, shares of traffic are: at the same share the cost
    is the same, and what differs is which prompts stay.

    Args:
        incumbent: confidences of the active model, shape (n,).
        candidate: of the other model, for the same prompts.
        weights: 1 / pi.
        threshold: now active.

    Returns:
        On the grid of cents; 1 where even that keeps more.

    Raises:
        EvidenceError: bad columns.

    >>> matched_threshold([.9, .8, .6, .5], [.3, .25, .2, .1], [1, 1, 1, 1], .7)
    0.21
    """
    old = checked_array(incumbent, "incumbent's confidences", low=0, high=1)
    new = checked_array(candidate, "candidate's confidences", low=0, high=1)
    w = checked_weights(weights, old.size)
    if new.size != old.size:
        raise EvidenceError(f"found {old.size} and {new.size} confidences; accepted: as many")
    kept = w[old >= threshold].sum()
    for cents in range(_CENTS):
        if w[new >= cents / _CENTS].sum() <= kept * (1 + 1e-9):
            return cents / _CENTS
    return 1.0
