"""A rate of weighted pairs, and how many equally weighted ones they are worth."""

import numpy as np
from numpy.typing import ArrayLike

from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.columns import Floats, checked_array, checked_weights
from tierwatch.evaluation.rates.estimate import Estimate, unknown


def effective_n(weights: ArrayLike) -> float:
    """Kish's design-effective number of pairs, ``(sum w)^2 / sum w^2``; 0 for none.

    Reference: Kish, "Survey Sampling" (1965). Assumes that weights and outcomes are unrelated.

    Raises:
        EvidenceError: a weight that is not positive and finite.

    >>> effective_n([1, 1, 1, 1]), round(effective_n([3, 1]), 2)
    (4.0, 1.6)
    """
    return _kish(checked_weights(weights, None))


def weighted_rate(
    losses: ArrayLike, weights: ArrayLike | None = None, *, level: float = 0.95
) -> Estimate:
    """Weighted mean loss with Korn and Graubard's interval on `effective_n`.

    ``sum(w x) / sum(w)``; the interval is `clopper_pearson` with n replaced by Kish's n (Korn and
    Graubard, Survey Methodology 1998). Does not cover judge error, nor pairs of one conversation.

    Args:
        losses: in [0, 1], shape (n,).
        weights: 1 / pi, shape (n,); None for equal weights.
        level: of the two-sided interval.

    Raises:
        EvidenceError: losses or weights outside their range, or of different lengths.

    >>> weighted_rate([1, 0, 0, 0], [1, 1, 1, 1]).value
    0.25
    """
    x = checked_array(losses, "losses", low=0, high=1)
    w = checked_weights(weights, x.size)
    if x.size == 0:
        return unknown()
    bad, n = effective_counts(x, w)
    low, high = clopper_pearson(bad, n, level)
    return Estimate(bad / n, low, high, int(x.size), f"weighted rate, {n:.0f} effective pairs")


def effective_counts(x: Floats, w: Floats) -> tuple[float, float]:
    """Design-effective counts (bad, n) of a weighted sample; (0, 0) for an empty one.

    n is Kish's, and bad its share ``sum(w x) / sum(w)`` of it.

    >>> bad, n = effective_counts(np.array([1.0, 0.0]), np.array([3.0, 1.0]))
    >>> round(bad, 3), round(n, 3)        # n = 4^2 / 10, three quarters of it bad
    (1.2, 1.6)
    """
    n = _kish(w)
    return (min(n, n * float(x @ w / w.sum())), n) if n else (0.0, 0.0)


def _kish(w: Floats) -> float:
    return float(w.sum() ** 2 / np.square(w).sum()) if w.size else 0.0
