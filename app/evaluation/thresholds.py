"""Which threshold may a tier have, given what was seen of the traffic around the present one?

`choose_threshold` certifies: the chance that its certified threshold has a misroute rate above
alpha is at most delta. `predicted_change` describes what a proposal would do, for the person who
approves it.

Reference: Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test: calibrating predictive
algorithms to achieve risk control" (Annals of Applied Statistics, 2025); fixed-sequence testing.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from app.errors import EvidenceError
from app.evaluation.estimation import (
    Estimate,
    Floats,
    checked_array,
    checked_weights,
    clopper_pearson,
    clopper_pearson_upper,
    effective_n,
    unknown,
    weighted_rate,
)

# Thresholds have two decimals: an unquantised grid certifies nothing and looks like no data.
_CENTS = 100
# Decimal fractions times 100 miss their integer by at most a few units in the last place.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """What fixed-sequence testing found.

    Attributes:
        threshold: the threshold to propose, two decimals; None when no pair was kept by any
            candidate, so that there is nothing to propose from.
        certified: whether its misroute rate is at most alpha, with confidence 1 - delta. False
            with a threshold means: raise as far as the step allows, for want of evidence that
            anything looser is safe. Following such raises again and again ends at 1 on sparse
            data; ``exceeded`` tells harm from too few pairs.
        bounds: upper confidence bound of the misroute rate of every candidate tested, strict to
            loose; the last one is the first that failed, unless all passed.
        pairs: kept pairs behind each of these bounds.
        current: the threshold the choice started from.
        exceeded: whether the present threshold's own risk is above alpha, with confidence
            1 - delta: evidence of harm, where ``certified`` False alone may be want of data.
    """

    threshold: float | None
    certified: bool
    bounds: Mapping[float, float]
    pairs: Mapping[float, int]
    current: float
    exceeded: bool

    @property
    def direction(self) -> Literal["raise", "lower", "keep"]:
        """What the choice does to the present threshold; "keep" when there is none to propose."""
        if self.threshold is None or self.threshold == self.current:
            return "keep"
        return "raise" if self.threshold > self.current else "lower"


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


def choose_threshold(
    confidences: ArrayLike,
    losses: ArrayLike,
    weights: ArrayLike | None,
    *,
    alpha: float,
    delta: float,
    current: float,
    step: float,
    grid: float = 0.01,
) -> ThresholdChoice:
    """Choose the loosest threshold within a step that is certified to keep risk at alpha.

    Candidates are ``current + step, ..., current - step`` on the grid, within [0, 1], strict to
    loose. Each in turn is certified while the upper bound U of the risk among the traffic it keeps
    (confidence >= candidate) is at most alpha; testing ends at the first that is not. Where the
    strictest keeps too few pairs to certify anything, delta is halved and a second sequence starts
    at the first candidate that keeps enough. The loosest certified is chosen. If none is, the
    strictest is chosen uncertified, so a failure never loosens; if no candidate keeps a pair, none
    is chosen.

    With equal weights and losses of 0 and 1, U is `clopper_pearson_upper`: exact. Otherwise it is
    Fay and Feuer's gamma bound (Statistics in Medicine 1997), with x the losses::

        y = sum(w x) / sum(w),   v = sum(w^2 x) / sum(w)^2,   m = max(w) / sum(w)
        U = gamma.ppf(1 - delta, (y + m)^2 / (v + m^2), scale=(v + m^2) / (y + m))

    and U = 1 without pairs. Which bound applies is decided for each candidate by its kept pairs.
    ``exceeded`` uses the lower bounds of the same two: Clopper-Pearson's, and
    ``gamma.ppf(delta, y^2 / v, scale=v / y)``.

    Guarantee: ``P(certified and risk > alpha) <= delta``, for pairs independent of each other and
    of the same kind as future traffic; the gamma bound's coverage is not proven but has never
    been seen to fail. Not guaranteed: anything after the traffic, a model or the judge has changed;
    anything against judge error; the same delta again next week (see `spent_delta`).

    Args:
        confidences: of the classifier in the lower tier, in [0, 1], shape (n,).
        losses: in [0, 1]; 1 where the lower tier's answer was materially worse, whichever tier
            served: kept traffic shadowed up, escalated traffic probed down. Shape (n,).
        weights: 1 / pi, shape (n,); None for equal weights.
        alpha: the misroute rate to hold, in (0, 1).
        delta: the chance of a wrong certificate, in (0, 1).
        current: the present threshold, in [0, 1]; taken to two decimals.
        step: how far to move at most, in [0, 1]; cut to two decimals.
        grid: distance of candidates, a positive multiple of 0.01.

    Raises:
        EvidenceError: columns of different length or with values outside their range, or an
            argument outside its range.

    Example:
        200 pairs without a loss at 0.85 certify every candidate but the first that lets the bad
        ones at 0.65 in:

        >>> choice = choose_threshold(
        ...     [0.85] * 200 + [0.65] * 100, [0] * 200 + [1] * 100, None,
        ...     alpha=0.05, delta=0.05, current=0.7, step=0.1)
        >>> choice.threshold, choice.certified, choice.direction
        (0.66, True, 'lower')
        >>> [threshold for threshold, upper in choice.bounds.items() if upper > 0.05]
        [0.65]
    """
    for name, value in (("alpha", alpha), ("delta", delta)):
        if not 0 < value < 1:
            raise EvidenceError(f"{name} must lie between 0 and 1, not {value}")
    candidates = _candidates(current, step, grid)
    c, x, w = _checked_columns(confidences, losses, weights)
    bounds: dict[float, float] = {}
    pairs: dict[float, int] = {}
    chosen: float | None = None
    kept = dict(zip(candidates, _kept_sums(c, x, w, candidates), strict=True))
    starts = _starts(list(kept.values()), alpha, delta)
    for start in starts:
        for candidate in candidates[start:]:
            bounds[candidate] = kept[candidate].upper_bound(delta / len(starts))
            pairs[candidate] = kept[candidate].n
            if bounds[candidate] > alpha:
                break
            chosen = candidate
        if chosen is not None:
            break
    certified = chosen is not None
    if chosen is None and kept[candidates[-1]].n:
        chosen = candidates[0]
    present = round(current * _CENTS) / _CENTS
    return ThresholdChoice(
        threshold=chosen,
        certified=certified,
        bounds=MappingProxyType(bounds),
        pairs=MappingProxyType(pairs),
        current=present,
        exceeded=kept[present].lower_bound(delta) > alpha,
    )


def spent_delta(delta: float, k: int) -> float:
    """Delta to spend on the k-th retune (from 0): ``delta / ((k + 1) (k + 2))``.

    The terms add up to delta over any number of retunes, so that the chance of *ever* certifying a
    threshold above alpha stays within it. Without spending, a quarter of year-long runs did.

    Raises:
        EvidenceError: delta outside (0, 1) or k below 0.

    >>> spent_delta(0.06, 0), spent_delta(0.06, 1)
    (0.03, 0.01)
    """
    if not 0 < delta < 1:
        raise EvidenceError(f"delta must lie between 0 and 1, not {delta}")
    if k < 0:
        raise EvidenceError(f"retunes are counted from 0, not {k}")
    return delta / ((k + 1) * (k + 2))


def pairs_needed(alpha: float, delta: float) -> int:
    """Fewest equally weighted kept pairs that can certify alpha, all of them without loss.

    ``ceil(log(delta) / log(1 - alpha))``. A candidate with fewer fails whatever was seen: that is
    too little evidence, not evidence of harm.

    Raises:
        EvidenceError: alpha or delta outside (0, 1).

    >>> pairs_needed(0.05, 0.05)
    59
    """
    if not (0 < alpha < 1 and 0 < delta < 1):
        raise EvidenceError(f"alpha and delta must lie between 0 and 1, not {alpha} and {delta}")
    return math.ceil(math.log(delta) / math.log1p(-alpha))


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
    c, x, w = _checked_columns(confidences, losses, weights)
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


@dataclass(frozen=True, slots=True)
class _KeptSums:
    """Sums over the pairs a candidate keeps: all that a bound needs."""

    n: int
    bad: float
    binary: bool
    smallest: float
    largest: float
    weight: float
    weighted_bad: float
    squared_bad: float

    @property
    def exact(self) -> bool:
        """Whether the pairs are equally weighted yes-or-no trials."""
        return self.binary and self.smallest == self.largest

    def upper_bound(self, delta: float) -> float:
        if self.n == 0:
            return 1.0
        if self.exact:
            return clopper_pearson_upper(self.bad, self.n, delta)
        y = self.weighted_bad / self.weight
        v = self.squared_bad / self.weight**2
        m = self.largest / self.weight
        shape, scale = (y + m) ** 2 / (v + m * m), (v + m * m) / (y + m)
        return min(1.0, float(special.gammainccinv(shape, delta)) * scale)

    def lower_bound(self, delta: float) -> float:
        if self.weighted_bad == 0:
            return 0.0
        if self.exact:
            return float(special.betaincinv(self.bad, self.n - self.bad + 1, delta))
        y, v = self.weighted_bad / self.weight, self.squared_bad / self.weight**2
        return float(special.gammaincinv(y * y / v, delta)) * v / y


def _kept_sums(c: Floats, x: Floats, w: Floats, candidates: list[float]) -> list[_KeptSums]:
    """The sums of each candidate, strict to loose, in one pass over the pairs."""
    # For each pair the first candidate that keeps it. One byte a pair: the stable sort of bytes
    # is a radix sort, 15 times faster than sorting the confidences.
    first = np.searchsorted(-np.asarray(candidates), -c, side="left").astype(np.uint8)
    order = np.argsort(first, kind="stable")
    ends = np.searchsorted(first[order], np.arange(len(candidates)), side="right")
    x, w = x[order], w[order]
    fractional = (x != 0) & (x != 1)
    wx = w * x
    sums: list[_KeptSums] = []
    total = _KeptSums(0, 0.0, True, math.inf, 0.0, 0.0, 0.0, 0.0)  # noqa: FBT003 - a field's value
    start = 0
    for end in map(int, ends):
        new = slice(start, end)
        start = end
        total = _KeptSums(
            n=end,
            bad=total.bad + float(x[new].sum()),
            binary=total.binary and not fractional[new].any(),
            smallest=min(total.smallest, float(w[new].min(initial=math.inf))),
            largest=max(total.largest, float(w[new].max(initial=0.0))),
            weight=total.weight + float(w[new].sum()),
            weighted_bad=total.weighted_bad + float(wx[new].sum()),
            squared_bad=total.squared_bad + float(w[new] @ wx[new]),
        )
        sums.append(total)
    return sums


def _starts(kept: Sequence[_KeptSums], alpha: float, delta: float) -> tuple[int, ...]:
    """Where testing starts, and starts again if it ends without a certificate.

    A strict candidate that keeps a handful of pairs fails whatever its risk, and would end the
    sequence before the candidates that keep thousands. So where the strictest could not certify
    half of alpha, a second sequence starts at the first candidate that could, and the two share
    delta (Bonferroni). Both starts are read from counts alone, never from a loss.
    """
    for place, sums in enumerate(kept):
        if sums.n and clopper_pearson_upper(alpha * sums.n / 2, sums.n, delta / 2) <= alpha:
            return (0,) if place == 0 else (0, place)
    return (0,)


def _candidates(current: float, step: float, grid: float) -> list[float]:
    """The thresholds to test, strict to loose, exact to two decimals."""
    for name, value in (("current", current), ("step", step), ("grid", grid)):
        if not 0 <= value <= 1:
            raise EvidenceError(f"{name} must lie in [0, 1], not {value}")
    stride = round(grid * _CENTS)
    if stride < 1 or abs(grid * _CENTS - stride) > _ROUNDING:
        raise EvidenceError(f"the grid must be a positive multiple of 0.01, not {grid}")
    centre = round(current * _CENTS)
    reach = math.floor(step * _CENTS + _ROUNDING) // stride
    cents = (centre + offset * stride for offset in range(reach, -reach - 1, -1))
    return [value / _CENTS for value in cents if 0 <= value <= _CENTS]


def _checked_columns(
    confidences: ArrayLike, losses: ArrayLike, weights: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    c = checked_array(confidences, "confidences", low=0, high=1)
    x = checked_array(losses, "losses", low=0, high=1, size=c.size)
    return c, x, checked_weights(weights, c.size)
