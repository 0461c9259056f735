"""Whether a judge that errs so could certify a tolerance at all, and what it would take."""

from dataclasses import dataclass

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.error_bounds import least_errors
from tierwatch.evaluation.calibration.gold import fewest
from tierwatch.evaluation.calibration.judge_calibration import JudgeCalibration
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors

# More gold pairs of a kind than anyone will label.
_MOST_GOLD = 1_000_000


@dataclass(frozen=True, slots=True)
class Weakness:
    """Why a judge cannot certify a tolerance, and what it would take.

    Attributes:
        reason: what limits it, as a sentence.
        gold_worse: truly worse pairs needed, at the present point estimates; None when no number
            would do, or none can be told yet.
        gold_not_worse: truly not worse pairs needed; None likewise.
        informativeness: sensitivity + specificity - 1 from the lower ends of both intervals.
    """

    reason: str
    gold_worse: int | None
    gold_not_worse: int | None
    informativeness: float


def weakness(
    calibration: JudgeCalibration, tolerance: float, *, delta: float = 0.05
) -> Weakness | None:
    """Why this judge cannot certify ``tolerance``, or None if it can.

    The corrected test (`choose_threshold` with a judge) certifies a rate of alpha when the upper
    bound of the judged rate is at most ``f + alpha (s - f)``, sensitivity s and false-alarm rate f
    being lower bounds at delta / 3. A tier at half of the tolerance with endless traffic is judged
    bad at its point estimate of ``f + (alpha / 2) (s - f)``, so it can be certified only if

        f_hat + (alpha / 2) (s_hat - f_hat)  <=  f_low + alpha (s_low - f_low)

    A judge that fails this cannot certify a good tier, however many pairs it judges. Gold pairs
    needed are the fewest with which the same point estimates would pass, as many of either kind, or
    those there are, if more.

    Not guaranteed: that a judge without weakness certifies soon, which depends on the traffic; that
    more gold confirms the point estimates. See docs/statistics.md, "The judge".

    Args:
        calibration: from `calibrate`.
        tolerance: alpha, the misroute rate to certify, in (0, 1).
        delta: of the certificate, in (0, 1).

    Raises:
        EvidenceError: a tolerance or delta outside (0, 1).

    >>> from tierwatch.evaluation.calibration.judge_calibration import calibrate
    >>> gold = ["worse"] * 100 + ["tie"] * 100
    >>> judged = ["worse"] * 70 + ["tie"] * 30          # no false alarm: .05 * s_low > .025 * .7
    >>> weakness(calibrate(judged + ["tie"] * 100, gold), 0.05) is None
    True
    >>> weak = weakness(calibrate(judged + ["worse"] * 8 + ["tie"] * 92, gold), 0.05)
    >>> weak.gold_worse, weak.gold_not_worse
    (1374, 1374)
    """
    for name, value in (("tolerance", tolerance), ("delta", delta)):
        if not 0 < value < 1:
            raise EvidenceError(f"the {name} must lie between 0 and 1, not {value}")
    errors = calibration.errors
    informative = calibration.sensitivity.low + calibration.specificity.low - 1
    for count, kind in ((errors.bad, "worse"), (errors.good, "not worse")):
        if count == 0:
            reason = f"no gold pair is truly {kind}, so nothing is known of the judge on those"
            return Weakness(reason, None, None, informative)
    s, f = errors.caught / errors.bad, 1 - errors.cleared / errors.good
    flagged = f + tolerance / 2 * (s - f)

    def certifies(bad: float, good: float) -> bool:
        s_low, f_low = least_errors(JudgeErrors(s * bad, bad, (1 - f) * good, good), delta / 3)
        return s_low > f_low and flagged <= f_low + tolerance * (s_low - f_low)

    if certifies(errors.bad, errors.good):
        return None
    if s <= f:
        reason = (
            f"the judge calls {100 * f:.1f} % of truly not worse pairs worse, and no more of the"
            f" truly worse ones ({100 * s:.1f} %); no number of gold pairs helps"
        )
        return Weakness(reason, None, None, informative)
    each = fewest(lambda n: certifies(max(n, errors.bad), max(n, errors.good)), most=_MOST_GOLD)
    if each is None:
        reason = (
            f"its specificity of {100 * (1 - f):.1f} % is too low beside a tolerance of"
            f" {100 * tolerance:.1f} %: a million gold pairs of each kind would not do"
        )
        return Weakness(reason, None, None, informative)
    bad, good = max(each, int(errors.bad)), max(each, int(errors.good))
    reason = (
        f"false alarms of {100 * f:.1f} % and a sensitivity of {100 * s:.1f} % are not known well"
        f" enough to certify {100 * tolerance:.1f} % by {errors.bad:.0f} truly worse and"
        f" {errors.good:.0f} truly not worse gold pairs; {bad} and {good} would do"
    )
    return Weakness(reason, bad, good, informative)
