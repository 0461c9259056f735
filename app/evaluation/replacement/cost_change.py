"""What asking another model changes in cost, from pairs of which both costs are known."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from tierwatch.evaluation.rates.columns import checked_array
from tierwatch.evaluation.rates.estimate import Estimate, unknown

_FEWEST = 2


def cost_change(
    served_usd: ArrayLike, candidate_usd: ArrayLike, weights: ArrayLike, *, level: float = 0.95
) -> Estimate:
    r"""Relative change of the mean cost: ``sum(w c) / sum(w s) - 1``.

    The interval is the normal one of a ratio of weighted means, by linearisation: with
    ``R = sum(w c) / sum(w s)``, the error is ``sqrt(sum((w (c - R s))^2)) / sum(w s)`` (Cochran,
    "Sampling Techniques", 1977, 6.3). It holds for large samples; costs with a heavy tail need
    more. Not guaranteed: that prompt caches are as warm for the candidate as they were for who
    served; a trial asks each question once, so its candidate pays for cold ones.

    Args:
        served_usd: shape (n,), 0 or more.
        candidate_usd: shape (n,), likewise.
        weights: shape (n,), above 0.
        level: of the interval.

    Raises:
        EvidenceError: a value outside its range, or shapes that differ.

    >>> found = cost_change([2.0, 4.0], [1.0, 2.0], [1.0, 1.0])
    >>> found.value, found.low, found.high
    (-0.5, -0.5, -0.5)
    >>> cost_change([0.0], [1.0], [1.0]).value is None
    True
    """
    served = checked_array(served_usd, "costs", low=0, high=np.inf)
    candidate = checked_array(candidate_usd, "costs", low=0, high=np.inf, size=served.size)
    w = checked_array(weights, "weights", low=0, high=np.inf, size=served.size)
    whole = float((w * served).sum())
    if served.size < _FEWEST or whole <= 0:
        return unknown()
    ratio = float((w * candidate).sum()) / whole
    error = float(np.sqrt(((w * (candidate - ratio * served)) ** 2).sum())) / whole
    reach = float(special.ndtri(0.5 + level / 2)) * error
    return Estimate(
        ratio - 1,
        max(-1.0, ratio - 1 - reach),
        ratio - 1 + reach,
        int(served.size),
        "ratio of mean costs on the same requests, linearised",
    )
