"""A misroute rate by Hajek's weights, with Korn and Graubard's interval."""

import numpy as np

from tierwatch.evaluation.counterfactual.boundary_outcomes import Columns
from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.weighted import effective_n, weighted_rate

# From this many losses on their own variance is believed, where it is below Kish's.
_FEW_LOSSES = 20


def hajek_rate(x: Floats, w: Floats, level: float) -> Estimate:
    """The misroute rate of weighted pairs, losses x and weights w = 1 / pi.

    Hajek's (1971) ``H = sum(w x) / sum(w)`` with Korn and Graubard's interval (1998):
    Clopper-Pearson on ``n* = H (1 - H) / V`` pairs, V being the linearised variance
    ``sum((w (x - H))^2) / sum(w)^2``, but with fewer than 20 losses on no more than Kish's n.
    Weights are never capped: a pair with a tiny pi makes n* small, and is seen there. See
    docs/statistics.md, "Counterfactual replay".

    >>> found = hajek_rate(np.array([1.0, 0.0, 0.0]), np.array([1.0, 2.0, 1.0]), .95)
    >>> found.value, found.method         # V = .875 / 16 * 3 / 2, and .1875 / V = 2.3
    (0.25, 'Hajek weights, Korn-Graubard, 2 effective pairs')
    """
    if x.size == 0:
        return unknown()
    value = min(1.0, float(w @ x / w.sum()))
    n = effective_pairs(value, linearised_variance(x - value, w), most_effective(x, w))
    low, high = clopper_pearson(value * n, n, level)
    method = f"Hajek weights, Korn-Graubard, {n:.0f} effective pairs"
    return Estimate(value, low, high, int(x.size), method)


def linearised_variance(residuals: Floats, w: Floats) -> float:
    """Variance of ``sum(w r) / sum(w)`` about its mean, with n - 1 degrees of freedom."""
    n = residuals.size
    parts = w * (residuals - w @ residuals / w.sum()) / w.sum()
    return float(parts @ parts) * n / (n - 1) if n > 1 else 0.0


def effective_pairs(value: float, variance: float, most: float) -> float:
    """The binomial sample of that variance; ``most`` where nothing varies."""
    return min(most, value * (1 - value) / variance) if variance > 0 else most


def most_effective(x: Floats, w: Floats) -> float:
    """Effective pairs at most; of a few losses the weights, and so the variance, say little."""
    return effective_n(w) if np.count_nonzero(x) < _FEW_LOSSES else float(x.size)


def kept_share(one: Columns, level: float) -> Estimate:
    """Share of the requests that the candidate keeps: counted where the traffic is known."""
    if one.traffic is not None:
        total = float(one.counts.sum())
        share = float(one.counts @ (one.traffic >= one.candidate)) / total
        return Estimate(share, share, share, round(total), "all traffic counted")
    return weighted_rate(one.kept(one.candidate), one.w, level=level)


def signed(share: Estimate, sign: int) -> Estimate:
    """A share of requests as a change: with sign -1 it falls by so much."""
    if share.value is None:
        return unknown(share.method, low=-1.0)
    if sign > 0:
        return share
    return Estimate(-share.value, -share.high, -share.low, share.n, share.method)
