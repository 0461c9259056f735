"""A rate as the API sends it."""

import math
from dataclasses import dataclass

from tierwatch.evaluation.rates.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with its interval; null ends are open, a null estimate is not known."""

    estimate: float | None
    low: float | None
    high: float | None
    n: int
    method: str


def rate(found: Estimate) -> Rate:
    """The rate that is sent of an estimate.

    >>> rate(Estimate(0.1, 0.0, float("inf"), 40, "ratio"))
    Rate(estimate=0.1, low=0.0, high=None, n=40, method='ratio')
    """
    low, high = (end if math.isfinite(end) else None for end in (found.low, found.high))
    return Rate(found.value, low, high, found.n, found.method)
