"""Which threshold may a tier have, given what was seen of the traffic around the present one?

`choose_threshold` certifies: the chance that its certified threshold has a misroute rate above
alpha is at most delta; with a judge's errors counted on gold pairs, that is the rate people would
find, else the rate the judge finds.

Reference: Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test: calibrating predictive
algorithms to achieve risk control" (Annals of Applied Statistics, 2025); fixed-sequence testing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.thresholds.fixed_sequence import FixedSequence, run_sequence
from tierwatch.evaluation.thresholds.grid import CENTS, candidates_around
from tierwatch.evaluation.thresholds.kept_sums import KeptSums, kept_sums
from tierwatch.evaluation.thresholds.pair_columns import checked_columns
from tierwatch.evaluation.thresholds.risk_test import RiskTest, risk_test
from tierwatch.evaluation.thresholds.weight_caps import checked_caps, kept_caps


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
    max_weight: ArrayLike | None = None,
    judge: JudgeErrors | None = None,
) -> ThresholdChoice:
    """Choose the loosest threshold within a step that is certified to keep risk at alpha.

    The stages: `candidates_around` the present threshold; `kept_sums` of what each keeps;
    `risk_test`, the bound of one candidate's risk; `run_sequence`, strict to loose, until one
    fails. The loosest certified is chosen; if none is, the strictest, uncertified: none if empty.

    With ``judge``, losses are the judge's verdicts; ``bounds`` and ``exceeded`` speak of the rate
    that people would find, conservatively (bar T5).

    Guarantee: ``P(certified and risk > alpha) <= delta``, for pairs independent of each other and
    of the same kind as future traffic. With ``judge`` the risk is that found by people, provided
    that the judge errs alike on every confidence; without, anything against judge error is *not*
    guaranteed. Nor is anything after the traffic, a model or the judge has changed, or the same
    delta again next week (see `spent_delta`). See docs/statistics.md, "Thresholds".

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
        max_weight: the largest weight that the plans of the time allow, be it drawn or not; one for
            all, or one for each confidence in cents (`weight_caps`). A larger one is refused, never
            clipped. None takes the largest drawn: the guarantee then needs that to be the largest.
        judge: the judge's errors on gold pairs, or None to take its verdicts for the truth; with
            it losses must be 0 or 1.

    Raises:
        EvidenceError: columns of different length or with values outside their range, or an
            argument outside its range.

    200 pairs without a loss at 0.85 certify all but the first that lets the bad ones at 0.65 in:

    >>> choice = choose_threshold(
    ...     [0.85] * 200 + [0.65] * 100, [0] * 200 + [1] * 100, None,
    ...     alpha=0.05, delta=0.05, current=0.7, step=0.1)
    >>> choice.threshold, choice.certified, choice.direction
    (0.66, True, 'lower')
    >>> choice.reason
    'at 0.66 the misroute rate is at most 1.8 %, from 200 pairs; 5.0 % is allowed'
    """
    for name, value in (("alpha", alpha), ("delta", delta)):
        if not 0 < value < 1:
            raise EvidenceError(f"{name} must lie between 0 and 1, not {value}")
    candidates = candidates_around(current, step, grid)
    c, x, w = checked_columns(confidences, losses, weights, max_weight=max_weight)
    if judge is not None and not np.all((x == 0) | (x == 1)):
        raise EvidenceError("with a judge's errors the losses must be its verdicts, 0 or 1")
    test = risk_test(alpha, delta, judge)
    caps = _caps(max_weight, weights, candidates)
    kept = dict(zip(candidates, kept_sums(c, x, w, candidates, caps), strict=True))
    tested = run_sequence(kept, test)
    threshold, reason = _chosen(tested, kept, test)
    present = round(current * CENTS) / CENTS
    return ThresholdChoice(
        threshold=threshold,
        certified=tested.certified is not None,
        bounds=MappingProxyType(dict(tested.bounds)),
        pairs=MappingProxyType({candidate: kept[candidate].n for candidate in tested.bounds}),
        current=present,
        exceeded=test.exceeded(kept[present]),
        reason=reason,
    )


def _caps(
    max_weight: ArrayLike | None, weights: ArrayLike | None, candidates: list[float]
) -> list[float] | None:
    """The largest weight that each candidate may keep, in units of the largest one drawn."""
    if max_weight is None or weights is None or not np.size(weights):
        return None
    return kept_caps(checked_caps(max_weight), candidates, float(np.max(weights)))


def _chosen(
    tested: FixedSequence, kept: Mapping[float, KeptSums], test: RiskTest
) -> tuple[float | None, str]:
    """The threshold to propose, or None, and why."""
    chosen = tested.certified
    if chosen is not None:
        return chosen, (
            f"at {chosen:.2f} the misroute rate is at most {percent(tested.bounds[chosen])},"
            f" from {kept[chosen].n} pairs; {percent(test.alpha)} is allowed"
        )
    reason = test.why_not(tested.last, kept[tested.last], tested.starts)
    strictest, loosest = next(iter(kept)), list(kept)[-1]
    return strictest if kept[loosest].n else None, reason
