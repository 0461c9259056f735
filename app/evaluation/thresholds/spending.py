"""How delta is spent over retunes, and how many pairs a certificate takes at least."""

import math

from tierwatch.errors import EvidenceError


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
