"""Differences with their intervals, and sums of them (MOVER)."""

import math
from dataclasses import dataclass

from tierwatch.evaluation.rates.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference with its ends; they need not lie at equal distances."""

    value: float
    low: float
    high: float

    @classmethod
    def normal(cls, value: float, error: float, z: float) -> "Interval":
        """With a normal error: z standard errors either way."""
        return cls(value, value - z * error, value + z * error)

    def negated(self) -> "Interval":
        """The difference the other way round."""
        return Interval(-self.value, -self.high, -self.low)

    def times(self, factor: float) -> "Interval":
        """Scaled by a factor of at least 0."""
        return Interval(factor * self.value, factor * self.low, factor * self.high)

    def plus(self, other: "Interval") -> "Interval":
        """Of a sum of independent values: squares of the distances to the ends add up.

        MOVER (Zou and Donner 2008). See docs/statistics.md, "Attribution".

        Downwards hypot(.03, .04), upwards hypot(.04, .03):

        >>> total = Interval(.05, .02, .09).plus(Interval(.01, -.03, .04))
        >>> round(total.value, 3), round(total.low, 3), round(total.high, 3)
        (0.06, 0.01, 0.11)
        """
        value = self.value + other.value
        down = math.hypot(self.value - self.low, other.value - other.low)
        up = math.hypot(self.high - self.value, other.high - other.value)
        return Interval(value, value - down, value + up)

    def estimate(self, n: int, method: str) -> Estimate:
        """As a figure, cut to [-1, 1]; NaN is unknown."""
        value = None if math.isnan(self.value) else self.value
        return Estimate(value, max(-1.0, self.low), min(1.0, self.high), n, method)
