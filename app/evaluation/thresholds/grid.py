"""The grid of thresholds: two decimals, within a step of the present one."""

import math

from tierwatch.errors import EvidenceError

# Thresholds have two decimals: an unquantised grid certifies nothing and looks like no data.
CENTS = 100
# Decimal fractions times 100 miss their integer by at most a few units in the last place.
ROUNDING = 1e-6


def candidates_around(current: float, step: float, grid: float) -> list[float]:
    """The thresholds to test, strict to loose, exact to two decimals.

    ``current + step, ..., current - step`` on the grid, within [0, 1]. See docs/statistics.md,
    "Thresholds".

    Args:
        current: the present threshold, in [0, 1]; taken to two decimals.
        step: how far to move at most, in [0, 1]; cut to two decimals.
        grid: distance of candidates, a positive multiple of 0.01.

    Raises:
        EvidenceError: an argument outside its range.

    >>> candidates_around(.99, .03, .02)        # 1.01 is no threshold
    [0.99, 0.97]
    """
    for name, value in (("current", current), ("step", step), ("grid", grid)):
        if not 0 <= value <= 1:
            raise EvidenceError(f"{name} must lie in [0, 1], not {value}")
    stride = round(grid * CENTS)
    if stride < 1 or abs(grid * CENTS - stride) > ROUNDING:
        raise EvidenceError(f"the grid must be a positive multiple of 0.01, not {grid}")
    centre = round(current * CENTS)
    reach = math.floor(step * CENTS + ROUNDING) // stride
    cents = (centre + offset * stride for offset in range(reach, -reach - 1, -1))
    return [value / CENTS for value in cents if 0 <= value <= CENTS]
