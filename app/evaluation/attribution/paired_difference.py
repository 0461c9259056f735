"""The change of a share among items seen twice, with Tango's score interval."""

import math

from scipy import optimize, special

from tierwatch.errors import EvidenceError


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
