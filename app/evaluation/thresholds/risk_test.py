"""Bounds of a candidate's misroute rate, through a judge's errors where they are counted."""

from dataclasses import dataclass

from tierwatch.evaluation.calibration.error_bounds import least_errors, most_errors
from tierwatch.evaluation.calibration.gold import gold_needed
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.thresholds.kept_sums import KeptSums
from tierwatch.evaluation.thresholds.spending import pairs_needed


@dataclass(frozen=True, slots=True)
class RiskTest:
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

    def upper_bound(self, sums: KeptSums, starts: int) -> float:
        """Upper bound of the true rate, delta being shared by so many sequences.

        A judge's verdicts find a rate ``q = f + r (s - f)`` where the true one is r, s being its
        sensitivity and f its false-positive rate. Lower bounds of s and f and the upper bound of q,
        each at delta / 3, give ``r <= (q - f) / (s - f)``; 1 when s is not above f. See
        docs/statistics.md, "Thresholds".

        >>> from tierwatch.evaluation.thresholds.kept_sums import KeptSums
        >>> kept = KeptSums(59, 0.0, True, 1.0, 1.0, 59.0, 0.0, 0.0)
        >>> round(RiskTest(.1, .05, .05, None, 1.0, 0.0).upper_bound(kept, 1), 4)
        0.0495
        >>> judge = JudgeErrors(80, 100, 98, 100)
        >>> # (.0495 - .02) / (.8 - .02)
        >>> round(RiskTest(.1, .15, .05, judge, .8, .02).upper_bound(kept, 1), 4)
        0.0378
        """
        flagged = sums.upper_bound(self.share / starts)
        if self.judge is None:
            return flagged
        gap = self.sensitivity - self.false_positive
        return min(1.0, max(0.0, (flagged - self.false_positive) / gap)) if gap > 0 else 1.0

    def exceeded(self, sums: KeptSums) -> bool:
        """Whether the true rate is above alpha, with confidence 1 - delta.

        By the lower bound of the flagged rate, and with a judge by the upper bounds of its errors:
        a judge may flag so many although at most alpha is bad. See docs/statistics.md,
        "Thresholds".
        """
        flagged = sums.lower_bound(self.share)
        if self.judge is None:
            return flagged > self.alpha
        sensitivity, false_positive = most_errors(self.judge, self.share)
        # The most a judge may flag when at most alpha is bad; s may be below f.
        innocent = false_positive + self.alpha * max(0.0, sensitivity - false_positive)
        return flagged > innocent

    def why_not(self, candidate: float, sums: KeptSums, starts: int) -> str:
        """Say which bound was missed and what it would take."""
        if sums.n == 0:
            return f"no pair is kept at {candidate:.2f}, so there is nothing to certify from"
        found = (
            f"at {candidate:.2f} the misroute rate may be up to"
            f" {percent(self.upper_bound(sums, starts))}, from {sums.n} pairs;"
            f" {percent(self.alpha)} is allowed"
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


def risk_test(alpha: float, delta: float, judge: JudgeErrors | None) -> RiskTest:
    """The test for one retune: with a judge, each of three bounds has a third of delta.

    See docs/statistics.md, "Thresholds".

    >>> test = risk_test(.05, .06, JudgeErrors(80, 100, 98, 100))
    >>> test.share, round(test.limit, 3)        # f + alpha (s - f) = .002 + .05 (.7 - .002)
    (0.02, 0.037)
    """
    if judge is None:
        return RiskTest(alpha, delta, delta, None, 1.0, 0.0)
    # Flagged rate, sensitivity and false positives each take a third of delta.
    return RiskTest(alpha, delta, delta / 3, judge, *least_errors(judge, delta / 3))
