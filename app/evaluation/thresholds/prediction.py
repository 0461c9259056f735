"""What a proposed threshold would do, for the person who approves it."""

import math
import sys
from dataclasses import dataclass

from numpy.typing import ArrayLike

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.weighted import effective_n, weighted_rate
from tierwatch.evaluation.thresholds.pair_columns import checked_columns


@dataclass(frozen=True, slots=True)
class PredictedChange:
    """What a proposed threshold is expected to do.

    Attributes:
        misroute: misroute rate among the traffic it keeps.
        cost_change: relative change of the cost of this boundary's traffic; -0.1 is 10 % cheaper.
        kept: share of this boundary's traffic it keeps on the lower tier.
    """

    misroute: Estimate
    cost_change: Estimate
    kept: Estimate


def predicted_change(
    confidences: ArrayLike,
    losses: ArrayLike,
    weights: ArrayLike | None,
    *,
    current: float,
    proposed: float,
    cost_low: float,
    cost_high: float,
    level: float = 0.95,
) -> PredictedChange:
    """Predict misroute rate and cost at a proposed threshold, with two-sided intervals.

    Rates are `weighted_rate` with Korn and Graubard's interval. With s the share of traffic kept
    now and b the share whose tier changes, the relative change of cost is

        -+ b (cost_high - cost_low) / (cost_high - s (cost_high - cost_low))

    minus when the threshold falls. It is monotone in s and in b, so its interval comes from the
    ends of theirs, each at confidence (1 + level) / 2 to make ``level`` together (Bonferroni):
    wide rather than narrow.

    Not guaranteed: the misroute rate of a threshold chosen from these same pairs is flattered by
    the choosing; the certificate is `choose_threshold`'s bound. Costs are taken as known.

    Args:
        confidences: in [0, 1], shape (n,), as in `choose_threshold`.
        losses: in [0, 1], shape (n,), as in `choose_threshold`.
        weights: 1 / pi, shape (n,), or None.
        current: the present threshold.
        proposed: the threshold to predict for.
        cost_low: mean cost of a request of this traffic on the lower tier, USD, at least 0.
        cost_high: the same on the tier it is escalated to.
        level: of each interval.

    Raises:
        EvidenceError: bad columns, thresholds outside [0, 1], a cost that is negative or not
            finite, or a level outside (0, 1).

    >>> change = predicted_change(
    ...     [0.8] * 60 + [0.5] * 40, [0] * 100, None,
    ...     current=0.7, proposed=0.4, cost_low=1.0, cost_high=3.0)
    >>> round(change.cost_change.value, 3)      # 180 of cost now, 100 then
    -0.444
    """
    for name, value in (("current", current), ("proposed", proposed)):
        if not 0 <= value <= 1:
            raise EvidenceError(f"the {name} threshold must lie in [0, 1], not {value}")
    for name, value in (("cost_low", cost_low), ("cost_high", cost_high)):
        if not 0 <= value < math.inf:
            raise EvidenceError(f"{name} must be at least 0 and finite, not {value}")
    if not 0 < level < 1:
        raise EvidenceError(f"the level must lie between 0 and 1, not {level}")
    c, x, w = checked_columns(confidences, losses, weights)
    kept = c >= proposed
    return PredictedChange(
        misroute=weighted_rate(x[kept], w[kept], level=level),
        cost_change=_cost_change(c, w, (current, proposed), (cost_low, cost_high), level),
        kept=weighted_rate(kept, w, level=level),
    )


def _cost_change(
    c: Floats,
    w: Floats,
    thresholds: tuple[float, float],
    costs: tuple[float, float],
    level: float,
) -> Estimate:
    current, proposed = thresholds
    cost_low, cost_high = costs
    if proposed == current:
        return Estimate(0.0, 0.0, 0.0, int(c.size), "the threshold does not change")
    if cost_high == 0:
        return unknown("the higher tier costs nothing, so there is nothing to be relative to")
    # The extra cost of a request that moves, and the change if all traffic did: the furthest end.
    gap = cost_high - cost_low
    extra = gap if proposed > current else -gap
    before = cost_low if proposed > current else cost_high
    furthest = extra / before if before else sys.float_info.max

    def change(kept: float, moved: float) -> float:
        cost_now = cost_high - kept * gap
        if moved == 0:
            return 0.0
        return moved * extra / cost_now if cost_now else furthest

    n = effective_n(w)
    total = float(w.sum())
    kept_share = float(w @ (c >= current)) / total if n else 0.0
    moves = (c >= min(current, proposed)) & (c < max(current, proposed))
    moved_share = float(w @ moves) / total if n else 0.0
    each = (1 + level) / 2
    ends = [
        change(kept, moved)
        for kept in clopper_pearson(min(n, kept_share * n), n, each)
        for moved in clopper_pearson(min(n, moved_share * n), n, each)
    ]
    low, high = max(min(ends), min(furthest, 0.0)), min(max(ends), max(furthest, 0.0))
    if n == 0 or kept_share * gap == cost_high:
        method = "no pairs" if n == 0 else "this traffic costs nothing now"
        return unknown(method, low=low, high=high)
    method = f"share of traffic that changes tier, Bonferroni, {n:.0f} effective pairs"
    return Estimate(change(kept_share, moved_share), low, high, int(c.size), method)
