"""How many pairs an interval takes until it is narrow enough to decide by."""

import math

# Half-width of an interval, in shares, that its days and money are stated for.
HALF_WIDTH = 0.01
_Z = 1.96


def pairs_to_width(rate: float) -> int:
    """Pairs until an interval of a rate is `HALF_WIDTH` wide on either side, at 95 %.

    The normal approximation: ``1.96^2 p (1 - p) / .01^2``. An interval that may be read as often as
    one likes is wider.

    >>> pairs_to_width(0.05)
    1825
    """
    return math.ceil(_Z**2 * rate * (1 - rate) / HALF_WIDTH**2)
