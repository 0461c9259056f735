"""A value with its interval, or *unknown*: what every figure here comes as.

An `Estimate` always says how many pairs it rests on, and by what method it was made.
"""

from dataclasses import dataclass

# Fewer effective pairs bound a misroute rate no better than to 10 % when none is seen
# (1 - .05 ** (1 / 30)).
MIN_EFFECTIVE = 30.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate with its interval, or *unknown*.

    Attributes:
        value: the estimate, or None when there is nothing to estimate it from.
        low: lower end of the interval.
        high: upper end of the interval.
        n: pairs it rests on.
        method: how it was made, for the reader: estimator, interval and what limits it.
    """

    value: float | None
    low: float
    high: float
    n: int
    method: str


def unknown(method: str = "no pairs", *, low: float = 0.0, high: float = 1.0) -> Estimate:
    """The estimate for which there is no evidence: no value, and everything possible.

    >>> unknown()
    Estimate(value=None, low=0.0, high=1.0, n=0, method='no pairs')
    """
    return Estimate(value=None, low=low, high=high, n=0, method=method)
