"""Which threshold may a tier have, given what was seen of the traffic around the present one?

`choose_threshold` certifies: the chance that its certified threshold has a misroute rate above
alpha is at most delta; with a judge's errors counted on gold pairs, that is the rate people would
find, else the rate the judge finds. `predicted_change` describes what a proposal would do, for the
person who approves it.

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

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.estimation import (
    Estimate,
    Floats,
    checked_array,
    checked_weights,
    clopper_pearson,
    clopper_pearson_lower,
    clopper_pearson_upper,
    effective_n,
    unknown,
    weighted_rate,
)

# Thresholds have two decimals: an unquantised grid certifies nothing and looks like no data.
_CENTS = 100
# Decimal fractions times 100 miss their integer by at most a few units in the last place.
_ROUNDING = 1e-6
# Beyond ten million gold pairs the answer is no.
_MOST_GOLD = 10_000_000


@dataclass(frozen=True, slots=True)
class JudgeErrors:
    """How a judge did on gold pairs: pairs of which people have said whether they are bad.

    The gold pairs are to be drawn at random from each kind, among pairs like those to be tested;
    from these four counts `choose_threshold` takes exact bounds of sensitivity and specificity.

    Attributes:
        caught: bad gold pairs that the judge called bad.
        bad: bad gold pairs.
        cleared: good gold pairs that the judge called good.
        good: good gold pairs.

    Raises:
        EvidenceError: counts that are not, or more caught than bad, or more cleared than good.
    """

    caught: float
    bad: float
    cleared: float
    good: float

    def __post_init__(self) -> None:
        for part, whole, of in (
            (self.caught, self.bad, "bad gold pairs caught"),
            (self.cleared, self.good, "good gold pairs cleared"),
        ):
            if not 0 <= part <= whole < math.inf:
                raise EvidenceError(f"{part} of {whole} {of} is not a count")

    def least(self, delta: float) -> tuple[float, float]:
        """Lower bounds of sensitivity and of the false-positive rate, each at ``delta``."""
        sensitivity = clopper_pearson_lower(self.caught, self.bad, delta)
        return sensitivity, clopper_pearson_lower(self.good - self.cleared, self.good, delta)

    def most(self, delta: float) -> tuple[float, float]:
        """Upper bounds of the same two."""
        sensitivity = clopper_pearson_upper(self.caught, self.bad, delta)
        return sensitivity, clopper_pearson_upper(self.good - self.cleared, self.good, delta)


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
        reason: one sentence: which bound decided and, if not certified, what it would take.
    """

    threshold: float | None
    certified: bool
    bounds: Mapping[float, float]
    pairs: Mapping[float, int]
    current: float
    exceeded: bool
    reason: str = ""

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
    judge: JudgeErrors | None = None,
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

    With ``judge``, losses are the judge's verdicts, which find a rate ``q = f + r (s - f)`` where
    the true one is r, s being its sensitivity and f its false-positive rate. Lower bounds of s and
    f and the upper bound of q, each at delta / 3, give the bound ``r <= (q - f) / (s - f)``, 1 when
    s is not above f; ``bounds`` and ``exceeded`` speak of r. It is conservative: with sensitivity
    .70, specificity .997 and 2,000 pairs, 100 + 100 gold pairs certified something in 110 of 400
    runs and 1,000 + 1,000 in 227 (bar T5).

    Guarantee: ``P(certified and risk > alpha) <= delta``, for pairs independent of each other and
    of the same kind as future traffic; the gamma bound's coverage is not proven but has never
    been seen to fail. With ``judge`` the risk is that found by people, provided that the judge
    errs alike on every confidence; without, anything against judge error is *not* guaranteed.
    Nor is anything after the traffic, a model or the judge has changed, or the same delta again
    next week (see `spent_delta`).

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
        judge: the judge's errors on gold pairs, or None to take its verdicts for the truth; with
            it losses must be 0 or 1.

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
        >>> choice.reason
        'at 0.66 the misroute rate is at most 0.0183, from 200 pairs; 0.05 is allowed'
    """
    for name, value in (("alpha", alpha), ("delta", delta)):
        if not 0 < value < 1:
            raise EvidenceError(f"{name} must lie between 0 and 1, not {value}")
    candidates = _candidates(current, step, grid)
    c, x, w = _checked_columns(confidences, losses, weights)
    if judge is not None and not np.all((x == 0) | (x == 1)):
        raise EvidenceError("with a judge's errors the losses must be its verdicts, 0 or 1")
    test = _risk_test(alpha, delta, judge)
    bounds: dict[float, float] = {}
    pairs: dict[float, int] = {}
    chosen: float | None = None
    kept = dict(zip(candidates, _kept_sums(c, x, w, candidates), strict=True))
    starts = _starts(list(kept.values()), test.limit, test.share)
    for start in starts:
        for candidate in candidates[start:]:
            bounds[candidate] = test.upper_bound(kept[candidate], len(starts))
            pairs[candidate] = kept[candidate].n
            if bounds[candidate] > alpha:
                break
            chosen = candidate
        if chosen is not None:
            break
    certified = chosen is not None
    if chosen is not None:
        reason = (
            f"at {chosen} the misroute rate is at most {bounds[chosen]:.3g},"
            f" from {pairs[chosen]} pairs; {alpha:g} is allowed"
        )
    else:
        reason = test.why_not(candidate, kept[candidate], len(starts))
        chosen = candidates[0] if kept[candidates[-1]].n else None
    present = round(current * _CENTS) / _CENTS
    return ThresholdChoice(
        threshold=chosen,
        certified=certified,
        bounds=MappingProxyType(bounds),
        pairs=MappingProxyType(pairs),
        current=present,
        exceeded=test.exceeded(kept[present]),
        reason=reason,
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


def gold_needed(
    judge: JudgeErrors, flagged_upper: float, *, alpha: float, delta: float
) -> int | None:
    """Gold pairs, bad and good together, that would certify a flagged rate's upper bound.

    The fewest at which ``f + alpha (s - f)``, from lower bounds at delta / 3, reaches
    ``flagged_upper``, if the judge went on erring at the shares counted so far and gold pairs kept
    their mix. A plan, not a promise. None when no number would do, or none is known: no gold pair
    of one kind yet.

    Args:
        judge: gold counts so far.
        flagged_upper: upper bound of the share the judge flags, as `choose_threshold` takes it.
        alpha: the misroute rate to hold, in (0, 1).
        delta: the chance of a wrong certificate, in (0, 1).

    Raises:
        EvidenceError: alpha, delta or the bound outside their range.

    Example:
        A judge that catches 70 of 100 bad pairs flags 3.5 % when 5 % are bad. To certify 5 % from
        a flagged rate of at most 3 %, some 230 gold pairs place its sensitivity well enough:

        >>> gold_needed(JudgeErrors(70, 100, 100, 100), 0.03, alpha=0.05, delta=0.05)
        232
        >>> gold_needed(JudgeErrors(70, 100, 100, 100), 0.04, alpha=0.05, delta=0.05) is None
        True
    """
    if not (0 < alpha < 1 and 0 < delta < 1 and 0 <= flagged_upper <= 1):
        raise EvidenceError(
            f"alpha and delta must lie between 0 and 1 and the bound in [0, 1],"
            f" not {alpha}, {delta} and {flagged_upper}"
        )
    if judge.bad == 0 or judge.good == 0:
        return None
    gold = judge.bad + judge.good

    def enough(total: int) -> bool:
        times = total / gold
        counts = (judge.caught, judge.bad, judge.cleared, judge.good)
        sensitivity, false_positive = JudgeErrors(*(times * n for n in counts)).least(delta / 3)
        limit = false_positive + alpha * (sensitivity - false_positive)
        return sensitivity > false_positive and flagged_upper <= limit

    if not enough(_MOST_GOLD):
        return None
    too_few, total = 0, _MOST_GOLD
    while total - too_few > 1:
        middle = (too_few + total) // 2
        too_few, total = (too_few, middle) if enough(middle) else (middle, total)
    return total


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


@dataclass(frozen=True, slots=True)
class _RiskTest:
    """Bounds of a candidate's misroute rate, through the judge's errors where they are counted.

    ``share`` is the delta of the flagged rate's bound; ``sensitivity`` and ``false_positive`` are
    the judge's lower bounds, 1 and 0 for a judge taken for the truth.
    """

    alpha: float
    delta: float
    share: float
    judge: JudgeErrors | None
    sensitivity: float
    false_positive: float

    @property
    def limit(self) -> float:
        """The highest flagged rate that can be certified."""
        return self.false_positive + self.alpha * (self.sensitivity - self.false_positive)

    def upper_bound(self, sums: _KeptSums, starts: int) -> float:
        flagged = sums.upper_bound(self.share / starts)
        if self.judge is None:
            return flagged
        gap = self.sensitivity - self.false_positive
        return min(1.0, max(0.0, (flagged - self.false_positive) / gap)) if gap > 0 else 1.0

    def exceeded(self, sums: _KeptSums) -> bool:
        flagged = sums.lower_bound(self.share)
        if self.judge is None:
            return flagged > self.alpha
        sensitivity, false_positive = self.judge.most(self.share)
        # The most a judge may flag when at most alpha is bad; s may be below f.
        innocent = false_positive + self.alpha * max(0.0, sensitivity - false_positive)
        return flagged > innocent

    def why_not(self, candidate: float, sums: _KeptSums, starts: int) -> str:
        """Say which bound was missed and what it would take."""
        if sums.n == 0:
            return f"no pair is kept at {candidate}, so there is nothing to certify from"
        found = (
            f"at {candidate} the misroute rate may be up to {self.upper_bound(sums, starts):.3g},"
            f" from {sums.n} pairs; {self.alpha:g} is allowed"
        )
        judge = self.judge
        if judge is not None:
            flagged = sums.upper_bound(self.share / starts)
            gold = judge.bad + judge.good
            if judge.bad == 0 or judge.good == 0:
                return f"{found}; the judge needs gold pairs of both kinds"
            needed = gold_needed(judge, flagged, alpha=self.alpha, delta=self.delta)
            if needed is not None:
                return f"{found}; about {needed} gold pairs would do, {gold:g} there are"
            if self.sensitivity <= self.false_positive:
                return f"{found}; nothing shows that the judge tells bad pairs from good ones"
        if sums.exact:
            fewest = pairs_needed(self.limit, self.share / starts)
            if sums.n < fewest:
                return f"{found}; fewer than {fewest} pairs never suffice"
        return f"{found}; it takes more pairs, or fewer losses among them"


def _risk_test(alpha: float, delta: float, judge: JudgeErrors | None) -> _RiskTest:
    if judge is None:
        return _RiskTest(alpha, delta, delta, None, 1.0, 0.0)
    # Flagged rate, sensitivity and false positives each take a third of delta.
    return _RiskTest(alpha, delta, delta / 3, judge, *judge.least(delta / 3))


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
