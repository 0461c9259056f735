"""What evidence costs: the days until a rise is seen, and the money for a narrower interval."""

import math
from dataclasses import dataclass
from typing import Final

# Pairs that the plan alone samples until an alert of a rise from 5 to 10 %, at a tolerance of 5 %
# and the usual alert level: so many whatever the bursts, and so many divided by their density. Fits
# what `simulation.bursts` measures at densities 1 to 10 (507, 336, 256, 210) within 5 %.
_PAIRS: Final = 177.0
_PAIRS_DENSE: Final = 330.0
# A point of width, as a share.
POINT: Final = 0.01


@dataclass(frozen=True, slots=True)
class Pace:
    """What judging a tier takes at present.

    Attributes:
        pairs_per_day: that the plan samples upwards and the judge compares, without bursts.
        usd_per_pair: their shadow answers and verdicts.
        days_to_rise: until an alert of a rise from 5 to 10 %, on average.
        usd_to_rise: what the pairs until then cost, those of the plan.
        width: of the interval now, from end to end; None where there is none.
        usd_a_point: what makes that interval one percentage point narrower; None where it is no
            wider than that.
        days_a_point: until it is, at present; None likewise.
    """

    pairs_per_day: float
    usd_per_pair: float
    days_to_rise: float
    usd_to_rise: float
    width: float | None
    usd_a_point: float | None
    days_a_point: float | None


def pairs_to_rise(density: float) -> float:
    """Pairs of the plan until an alert of a rise from 5 to 10 %.

    Args:
        density: how many times as densely a suspected stream is sampled at most.

    >>> round(pairs_to_rise(1)), round(pairs_to_rise(10))
    (507, 210)
    """
    return _PAIRS + _PAIRS_DENSE / max(density, 1.0)


def pace(
    *, pairs: float, usd: float, days: float, density: float, width: float | None, n: int
) -> Pace | None:
    """What judging a tier takes; None of no pairs.

    A width goes with the root of the pairs: ``n ((w / (w - .01))^2 - 1)`` more take a point off.

    Args:
        pairs: judged upwards in ``days``, each counted as one over its density.
        usd: their shadow answers and verdicts, counted so.
        days: in which they were.
        density: of bursts that sampling has room for; 1 is none.
        width: of the rate's interval; None where it is unknown.
        n: pairs that the interval rests on.

    Not guaranteed: that the tier's traffic stays as it was in these days.

    >>> found = pace(pairs=700, usd=7, days=7, density=10, width=0.05, n=1_000)
    >>> round(found.days_to_rise, 1), round(found.usd_a_point, 2)
    (2.1, 5.62)
    """
    if pairs <= 0 or days <= 0 or not all(map(math.isfinite, (pairs, usd, days))):
        return None
    a_day, each = pairs / days, usd / pairs
    to_rise = pairs_to_rise(density)
    more = None
    if width is not None and width > POINT:
        more = n * ((width / (width - POINT)) ** 2 - 1)
    return Pace(
        pairs_per_day=a_day,
        usd_per_pair=each,
        days_to_rise=to_rise / a_day,
        usd_to_rise=to_rise * each,
        width=width,
        usd_a_point=None if more is None else more * each,
        days_a_point=None if more is None else more / a_day,
    )
