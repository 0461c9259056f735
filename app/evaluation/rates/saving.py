"""What routing saves relative to "always the top tier", with an interval.

It rests on the costs of all traffic, which are counted.
"""

import sys

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import check_confidence_level
from tierwatch.evaluation.rates.columns import checked_array
from tierwatch.evaluation.rates.estimate import Estimate, unknown

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
    check_confidence_level(level)
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
