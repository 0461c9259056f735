"""The requests of a histogram in an order drawn evenly from all orders."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from tierwatch.routing.policy import hashed_share

# Requests taken of one histogram. At 6 us each they cost 12 ms; a change that needs more than a
# few times this many is slight, and gets them from the next histograms.
_MOST_OF_A_HISTOGRAM = 2_000


def in_random_order(counts: Sequence[int], salt: str) -> Iterator[int]:
    """Bins of a histogram's requests in random order, at most 2,000 of them.

    Fisher and Yates' shuffle of the numbers 0 .. total - 1, of which only moved ones are held: a
    histogram of a million requests costs no more than one of 2,000. See docs/statistics.md,
    "Drift, anchors and probes".

    >>> sorted(in_random_order([2, 0, 3], "salt"))
    [0, 0, 2, 2, 2]
    """
    ends = list(accumulate(counts))
    total = ends[-1]
    moved: dict[int, int] = {}
    for taken in range(min(total, _MOST_OF_A_HISTOGRAM)):
        drawn = taken + int(hashed_share(salt, str(taken)) * (total - taken))
        number = moved.get(drawn, drawn)
        moved[drawn] = moved.get(taken, taken)
        yield bisect_right(ends, number)
