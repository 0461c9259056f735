"""Differences with their intervals: Tango's of items seen twice, and sums of them (MOVER)."""

import math
from dataclasses import dataclass

from scipy import optimize, special

from tierwatch.errors import EvidenceError
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


def paired_difference(up: int, down: int, n: int, level: float) -> tuple[float, float, float]:
    """Change ``(up - down) / n`` of a share among n items seen twice, with Tango's score interval.

    Its ends solve ``(up - down - n D) / sqrt(n (2 q + D (1 - D))) = +-z``, q being the most likely
    share of downs when the change is D. Reference: Tango, Statistics in Medicine 1998. Near nominal
    from about 10 items, also without any flip: then it is ``+-z^2 / (n + z^2)``. Not exact.

    Returns:
        value, low, high; (0, -1, 1) for n = 0.

    >>> [round(x, 4) for x in paired_difference(12, 2, 200, 0.95)]
    [0.05, 0.0156, 0.0934]
    """
    if min(up, down) < 0 or up + down > n:
        raise EvidenceError(f"{up} up and {down} down are not flips of {n} items")
    if not 0 < level < 1:
        raise EvidenceError(f"the level must lie between 0 and 1, not {level}")
    if n == 0:
        return 0.0, -1.0, 1.0
    z = float(special.ndtri((1 + level) / 2))

    def excess(change: float, sign: int) -> float:
        b = -up - down + (2 * n - up + down) * change
        c = -down * change * (1 - change)
        q = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
        variance = n * max(0.0, 2 * q + change * (1 - change))
        return up - down - n * change - sign * z * math.sqrt(variance)

    value = (up - down) / n
    # At the value itself the variance may be 0 (no flips, or only one kind), and that is no root.
    step = 1e-3 * z * z / (n + z * z)
    low = -1.0 if value == -1 else float(optimize.brentq(excess, -1.0, value - step, args=(1,)))
    high = 1.0 if value == 1 else float(optimize.brentq(excess, value + step, 1.0, args=(-1,)))
    return value, low, high
