"""Savings and quality relative to "always the top tier", each with an interval.

Both answer a manager's question about routing as a whole. `relative_saving` rests on the costs of
all traffic, which are counted; `relative_quality` on misroute rates, which are estimated.
"""

import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.estimation import DOUBLE_SAMPLING, Estimate, checked_array, unknown

# Fewer minutes than this do not give a variance.
_FEWEST_MINUTES = 2


def relative_saving(
    cost_served: ArrayLike, cost_top: ArrayLike, *, level: float = 0.95
) -> Estimate:
    """Share of the cost of "always the top tier" that routing saves: ``1 - sum(c) / sum(t)``.

    A ratio of sums over minutes, in (-inf, 1]; negative when routing costs more. The interval is
    Fieller's: every ratio R for which the sum of ``c_i - R t_i`` is within t standard errors of 0,
    the minutes being the observations and t Student's with m - 1 degrees. Where the top tier's
    costs vary so much that even their sum is not surely above 0, there is no such interval and
    everything is possible.

    Reference: Fieller, "Some problems in interval estimation" (JRSS B 1954); Cochran, "Sampling
    techniques" (1977), chapter 6.

    Guarantee: approximate coverage for many minutes of the same kind and independent of each
    other; requests within a minute may depend on each other. Not guaranteed: anything when minutes
    hang together (a night, a batch job): then pass sums over hours or days. Of the traffic
    *counted* the saving is exact up to the counterfactual: what the top tier would have cost is
    computed from its prices, not paid.

    Args:
        cost_served: USD spent in each minute; shape (m,), at least 0.
        cost_top: USD the top tier would have cost for the same requests; shape (m,).
        level: of the interval.

    Returns:
        The estimate; its n counts the minutes with any cost.

    Raises:
        EvidenceError: costs that are negative, not finite or of different lengths; a level outside
            (0, 1).

    >>> saving = relative_saving([1, 2, 1, 2], [4, 4, 4, 4])    # 6 of 16 spent
    >>> saving.value, round(saving.low, 3), round(saving.high, 3)
    (0.625, 0.395, 0.855)
    """
    top = sys.float_info.max
    served = checked_array(cost_served, "costs served", low=0, high=top)
    always = checked_array(cost_top, "costs of the top tier", low=0, high=top)
    if served.size != always.size:
        raise EvidenceError(
            f"there are {served.size} costs served for {always.size} costs of the top tier"
        )
    _check_level(level)
    # A minute without requests says nothing, and would count as a degree of freedom.
    busy = (served > 0) | (always > 0)
    served, always = served[busy], always[busy]
    m = int(served.size)
    if m == 0 or not always.any():
        return unknown("the top tier would have cost nothing", low=-top, high=1.0)
    # Scaled, so that neither tiny nor huge prices overflow when squared.
    scale = float(max(served.max(), always.max()))
    c, t = served / scale, always / scale
    ratio = float(c.sum() / t.sum())
    if m < _FEWEST_MINUTES:
        return Estimate(1 - ratio, -top, 1.0, m, "one minute, so without an interval")
    spread = m * np.cov(c, t, ddof=1)
    student2 = float(special.stdtrit(m - 1, (1 + level) / 2)) ** 2
    # a R^2 - 2 b R + d <= 0
    a = float(t.sum()) ** 2 - student2 * float(spread[1, 1])
    b = float(c.sum() * t.sum()) - student2 * float(spread[0, 1])
    d = float(c.sum()) ** 2 - student2 * float(spread[0, 0])
    if a <= 0:
        return Estimate(1 - ratio, -top, 1.0, m, f"{m} minutes, too uneven for an interval")
    # The discriminant is at least 0 in theory; rounding may leave it a hair below.
    root = max(0.0, b * b - a * d) ** 0.5
    low, high = 1 - (b + root) / a, min(1.0, 1 - (b - root) / a)
    method = f"ratio of sums, Fieller's interval over {m} minutes"
    return Estimate(1 - ratio, min(low, 1 - ratio), max(high, 1 - ratio), m, method)


def split_level(level: float, parts: int) -> float:
    """Level of each of ``parts`` intervals that hold together at ``level`` (Bonferroni).

    ``1 - (1 - level) / parts``.

    Raises:
        EvidenceError: a level outside (0, 1), or no part.

    >>> round(split_level(0.95, 2), 4)
    0.975
    """
    _check_level(level)
    if parts < 1:
        raise EvidenceError(f"a level is split among at least one part, not {parts}")
    return 1 - (1 - level) / parts


def relative_quality(requests: Sequence[float], misroutes: Sequence[Estimate]) -> Estimate:
    """Least share of requests whose answer was not materially worse than the top tier's.

    With tiers 0 ... k cheapest first, s_i the share of requests served by tier i, and r_j the
    misroute rate at the boundary from tier j to j + 1::

        quality >= 1 - sum over i of s_i * min(1, r_i + ... + r_(k-1))

    A request two tiers below the top gets the sum of both boundaries (union bound). It is *at
    least* this much: who loses at one boundary often loses at the other, and an answer better than
    the top tier's counts no more than an equal one.

    The interval puts every rate at its high end for ``low`` and at its low end for ``high``. When
    each comes at ``split_level(level, len(misroutes))``, ``low`` is below the quality with
    confidence ``level``. ``high`` is an upper end of the bound above, not of the quality.

    Assumes that not-materially-worse adds up along the ladder, and that a request kept on a
    cheaper tier loses at the boundaries above it no more often than the requests served there,
    from which those rates are estimated: plausible, for the classifier kept the easier ones, and
    to be checked by shadowing two tiers up. Shares are counted on all traffic and taken as known.

    Args:
        requests: served by each tier, cheapest first; at least 0.
        misroutes: rate at each tier below the top, of the requests it served: `weighted_rate`,
            `estimate_rate` or `always_valid`.

    Returns:
        The estimate; without a value where a rate that matters is unknown. Unless every rate is
        checked by people (`estimate_rate` with labels), ``method`` says that this is the judge's
        view and not quality.

    Raises:
        EvidenceError: not one misroute rate for each tier but the last, or negative requests.

    Example:
        Half of the requests two tiers down, three in ten one down:

        >>> simple, standard = Estimate(.02, .01, .04, 900, "x"), Estimate(.03, .01, .06, 800, "x")
        >>> quality = relative_quality([50, 30, 20], [simple, standard])
        >>> round(quality.value, 3)          # 1 - .5 * (.02 + .03) - .3 * .03
        0.966
        >>> round(quality.low, 3), round(quality.high, 3)
        (0.932, 0.987)
    """
    counts = checked_array(requests, "requests of the tiers", low=0, high=sys.float_info.max)
    if counts.size == 0 or len(misroutes) != counts.size - 1:
        raise EvidenceError(
            f"{counts.size} tiers need a misroute rate for each but the last, not {len(misroutes)}"
        )
    total = float(counts.sum())
    if total == 0:
        return unknown("no requests")
    shares = counts / total
    # Boundaries below every request played no part.
    first = int(np.flatnonzero(shares)[0])
    matter = misroutes[first:]
    shares = shares[first:]
    if not matter:
        return Estimate(1.0, 1.0, 1.0, 0, "all served by the top tier")

    def kept(rates: Sequence[float]) -> float:
        # Sums from each boundary to the top; the top tier itself loses nothing.
        losses = np.minimum(1.0, np.append(np.cumsum(rates[::-1])[::-1], 0.0))
        return float(np.clip(1 - shares @ losses, 0.0, 1.0))

    low, high = kept([rate.high for rate in matter]), kept([rate.low for rate in matter])
    values = [rate.value for rate in matter if rate.value is not None]
    n = sum(rate.n for rate in matter)
    if len(values) < len(matter):
        return Estimate(None, low, high, n, "a misroute rate on the way to the top is unknown")
    checked = all(rate.method.startswith(DOUBLE_SAMPLING) for rate in matter)
    view = "" if checked else "the judge's view, not quality: "
    method = f"{view}at least, sum of {len(matter)} boundaries, each at its own interval's end"
    return Estimate(kept(values), low, high, n, method)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise EvidenceError(f"a level must lie between 0 and 1, not {level}")
