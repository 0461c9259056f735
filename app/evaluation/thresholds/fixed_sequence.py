"""Testing candidates one after the other, strict to loose, until one fails.

Reference: Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test: calibrating predictive
algorithms to achieve risk control" (Annals of Applied Statistics, 2025).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tierwatch.evaluation.thresholds.kept_sums import KeptSums
from tierwatch.evaluation.thresholds.risk_test import RiskTest


@dataclass(frozen=True, slots=True)
class FixedSequence:
    """What was tested, strict to loose.

    Attributes:
        bounds: upper bound of each tested candidate's misroute rate.
        certified: the loosest candidate that passed, or None.
        last: the candidate tested last.
        starts: sequences that share delta.
    """

    bounds: Mapping[float, float]
    certified: float | None
    last: float
    starts: int


def run_sequence(kept: Mapping[float, KeptSums], test: RiskTest) -> FixedSequence:
    """Test each candidate while its upper bound is at most alpha; stop at the first failure.

    Where the first sequence certifies nothing, the second one starts (`start_places`). Because the
    order is fixed before a loss is seen, all that pass may be certified at once without dividing
    delta among them. See docs/statistics.md, "Thresholds".

    Args:
        kept: sums of what each candidate keeps, strict to loose; at least one.
        test: the bound of one candidate.

    >>> from tierwatch.evaluation.thresholds.risk_test import risk_test
    >>> clean = KeptSums(200, 0.0, True, 1.0, 1.0, 200.0, 0.0, 0.0)
    >>> bad = KeptSums(240, 40.0, True, 1.0, 1.0, 240.0, 40.0, 40.0)
    >>> found = run_sequence({.8: clean, .7: bad, .6: clean}, risk_test(.05, .05, None))
    >>> found.certified, found.last, len(found.bounds)
    (0.8, 0.7, 2)
    """
    candidates = list(kept)
    starts = start_places(list(kept.values()), test.limit, test.share)
    bounds: dict[float, float] = {}
    certified, last = None, candidates[0]
    for start in starts:
        for last in candidates[start:]:
            bounds[last] = test.upper_bound(kept[last], len(starts))
            if bounds[last] > test.alpha:
                break
            certified = last
        if certified is not None:
            break
    return FixedSequence(bounds, certified, last, len(starts))


def start_places(kept: Sequence[KeptSums], alpha: float, delta: float) -> tuple[int, ...]:
    """Where testing starts, and starts again if it ends without a certificate.

    A strict candidate that keeps a handful of pairs fails whatever its risk, and would end the
    sequence before the candidates that keep thousands. So where the strictest could not certify
    half of alpha, a second sequence starts at the first candidate that could, and the two share
    delta (Bonferroni). Both starts are read from counts and weights alone, never from a loss. See
    docs/statistics.md, "Thresholds".

    >>> few, many = (KeptSums(n, 0.0, True, 1.0, 1.0, n, 0.0, 0.0) for n in (20, 400))
    >>> start_places([few, few, many], .05, .05), start_places([many], .05, .05)
    ((0, 2), (0,))
    """
    for place, sums in enumerate(kept):
        if sums.if_lost(alpha / 2).upper_bound(delta / 2) <= alpha:
            return (0,) if place == 0 else (0, place)
    return (0,)
