"""Whether what was measured by the month has moved: down, up, flat, or nobody can say.

Probes testify, the same questions with known answers each month: the share passed in the newest
month that is over, against the first month of the same questions. A month that is over is looked at
once, so twelve times a year, and each interval is at 1 - .05 / 12 (Bonferroni).

A change is *flat* where its whole interval lies within five points of none, *down* or *up* where
it excludes none, and unknown otherwise: a wide interval around 0 is no evidence that nothing moved.

Not guaranteed: that the questions are those of the traffic. Probes are nobody's traffic; a tier
may get worse at what none of them asks.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from tierwatch.evaluation.ceiling.difference import difference_of_shares
from tierwatch.evaluation.rates.estimate import Estimate, unknown

Direction = Literal["down", "flat", "up", "unknown"]

# Answers of a month below which nothing is said of it. A share of .9 of 60 is known to +- 8 points.
LEAST: Final = 60
# Points within which a change is none that anybody would act on.
FLAT_WITHIN: Final = 0.05
# Chance of a false word in a year, and how often a year is looked at.
_ERROR: Final = 0.05
_LOOKS: Final = 12


@dataclass(frozen=True, slots=True)
class Passed:
    """Probes of a month.

    Attributes:
        month: its first day.
        version: of the set of questions; months of another set are another measurement.
        model: that answered.
        n: answers.
        good: of them passed.
    """

    month: dt.date
    version: str
    model: str
    n: int
    good: int


@dataclass(frozen=True, slots=True)
class Trend:
    """Where a measurement went.

    Attributes:
        direction: of the change.
        since: first day of the month that is compared with; None where nothing is compared.
        until: first day of the newest month compared.
        change: with its interval; in shares, above 0 is better.
        why: why nothing can be said; "" where something can.
    """

    direction: Direction
    since: dt.date | None
    until: dt.date | None
    change: Estimate
    why: str = ""


def probe_trend(months: Iterable[Passed], *, today: dt.date, least: int = LEAST) -> Trend:
    """Where the share of passed probes went, over months that have ended.

    Args:
        months: any, of any sets and models; those of one month and set are added up.
        today: by UTC; its month is not over.
        least: answers that a month needs.

    >>> june, july = (Passed(dt.date(2026, n, 1), "1", "m", 900, 810) for n in (6, 7))
    >>> probe_trend([june, july], today=dt.date(2026, 8, 5)).direction
    'flat'
    >>> probe_trend([june], today=dt.date(2026, 8, 5)).why
    'two whole months of the same probes are needed; there is one'
    """
    over = [one for one in months if one.month < today.replace(day=1)]
    if not over:
        return _nothing("two whole months of the same probes are needed; there is none")
    version = max(over, key=lambda one: (one.month, one.n)).version
    counts: dict[dt.date, tuple[int, int]] = {}
    for one in over:
        if one.version == version:
            n, good = counts.get(one.month, (0, 0))
            counts[one.month] = n + one.n, good + one.good
    enough = sorted(month for month, (n, _) in counts.items() if n >= least)
    if len(enough) < 2:  # noqa: PLR2004 - one to compare with and one to compare
        there = "one" if enough else f"none with {least} answers"
        return _nothing(f"two whole months of the same probes are needed; there is {there}")
    first, last = enough[0], enough[-1]
    n_before, good_before = counts[first]
    n_after, good_after = counts[last]
    change = difference_of_shares(
        good_before, n_before, good_after, n_after, level=1 - _ERROR / _LOOKS
    )
    return _judged(first, last, change)


def _nothing(why: str) -> Trend:
    return Trend("unknown", None, None, unknown(why, low=-1.0, high=1.0), why)


def _judged(since: dt.date, until: dt.date, change: Estimate) -> Trend:
    if change.low > -FLAT_WITHIN and change.high < FLAT_WITHIN:
        return Trend("flat", since, until, change)
    if change.high < 0:
        return Trend("down", since, until, change)
    if change.low > 0:
        return Trend("up", since, until, change)
    return Trend("unknown", since, until, change, "the interval is too wide to call it flat")
