"""How many gold pairs a certificate would take."""

from collections.abc import Callable

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.error_bounds import least_errors
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors

# Beyond ten million gold pairs the answer is no.
_MOST_GOLD = 10_000_000


def gold_needed(
    judge: JudgeErrors, flagged_upper: float, *, alpha: float, delta: float
) -> int | None:
    """Gold pairs, bad and good together, that would certify a flagged rate's upper bound.

    The fewest at which ``f + alpha (s - f)``, from lower bounds at delta / 3, reaches
    ``flagged_upper``, if the judge went on erring at the shares counted so far and gold pairs kept
    their mix. A plan, not a promise. None when no number would do, or none is known: no gold pair
    of one kind yet. See docs/statistics.md, "The judge".

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
        sensitivity, false_positive = least_errors(
            JudgeErrors(*(times * n for n in counts)), delta / 3
        )
        limit = false_positive + alpha * (sensitivity - false_positive)
        return sensitivity > false_positive and flagged_upper <= limit

    return fewest(enough, most=_MOST_GOLD)


def fewest(enough: Callable[[int], bool], *, most: int) -> int | None:
    """The smallest count that is enough, if every larger one is too; None when ``most`` is not.

    >>> fewest(lambda n: n * n >= 50, most=100), fewest(lambda n: n > 100, most=100)
    (8, None)
    """
    if not enough(most):
        return None
    too_few, found = 0, most
    while found - too_few > 1:
        middle = (too_few + found) // 2
        too_few, found = (too_few, middle) if enough(middle) else (middle, found)
    return found
