"""Whether what was measured by the month has moved: down, up, flat, or nobody can say.

Two measurements testify, each by itself:

- *Probes*, the same questions with known answers each month: the share passed in the newest month
  that is over, against the first month of the same questions. A month that is over is looked at
  once, so twelve times a year, and each interval is at 1 - .05 / 12 (Bonferroni).
- *References*, answers of an earlier month, compared blind with new answers to the same questions:
  how much more often the new answer is better than worse, by bounds that may be watched
  (`replacement.net_worse`).

A change is *flat* where its whole interval lies within five points of none, *down* or *up* where
it excludes none, and unknown otherwise: a wide interval around 0 is no evidence that nothing moved.

Not guaranteed: that the questions are those of the traffic. Probes are nobody's traffic, references
are a sample of it; a model may lose what neither asks.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tierwatch.evaluation.ceiling.difference import difference_of_shares
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.replacement.net_worse import compare_answers

Direction = Literal["down", "flat", "up", "unknown"]

# Answers of a month below which nothing is said of it. A share of .9 of 60 is known to +- 8 points.
LEAST: Final = 60
# Comparisons: of 30 with three lost and none won the bounds just exclude a draw.
LEAST_COMPARED: Final = 30
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
class Compared:
    """New answers of a month beside the frozen ones.

    Attributes:
        month: in which they were compared; its first day.
        version: of the judge; months of another judge are another measurement.
        model: that gave the new answers.
        since: month of the oldest frozen answer among them.
        better: new answers that were judged better.
        worse: new answers that were judged worse.
        tie: neither; contradictions of the judge's orders are left out.
    """

    month: dt.date
    version: str
    model: str
    since: dt.date
    better: int
    worse: int
    tie: int

    @property
    def n(self) -> int:
        """Comparisons that say something."""
        return self.better + self.worse + self.tie


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
    return _judged(first, last, change, "the interval is too wide to call it flat")


def reference_trend(months: Iterable[Compared], *, least: int = LEAST_COMPARED) -> Trend:
    """How new answers stand beside frozen ones, in the newest month with enough comparisons.

    The month may be the present one: the bounds hold however often they are read.

    >>> months = [Compared(dt.date(2026, 7, 1), "j", "m", dt.date(2026, 5, 1), 0, 20, 40)]
    >>> reference_trend(months).direction
    'down'
    """
    found = list(months)
    enough = [one for one in found if one.n >= least]
    if not enough:
        most = max((one.n for one in found), default=0)
        return _nothing(f"{least} comparisons with frozen answers are needed in a month; {most}")
    last = max(enough, key=lambda one: (one.month, one.n))
    worse = compare_answers(
        [1] * last.worse + [-1] * last.better + [0] * last.tie, delta=_ERROR / 2
    ).net
    value = None if worse.value is None else -worse.value + 0.0
    change = Estimate(value, -worse.high, -worse.low, worse.n, worse.method)
    return _judged(last.since, last.month, change, "the bounds are too wide to call it flat")


def ceiling_of(trends: Sequence[Trend]) -> Direction:
    """What all measurements together say: the worst of them that says anything.

    >>> flat, lost = (Trend(to, None, None, unknown()) for to in ("flat", "down"))
    >>> ceiling_of([flat, lost]), ceiling_of([flat]), ceiling_of([])
    ('down', 'flat', 'unknown')
    """
    said = {one.direction for one in trends}
    order: tuple[Direction, ...] = ("down", "flat", "up")
    return next((direction for direction in order if direction in said), "unknown")


def _nothing(why: str) -> Trend:
    return Trend("unknown", None, None, unknown(why, low=-1.0, high=1.0), why)


def _judged(since: dt.date, until: dt.date, change: Estimate, too_wide: str) -> Trend:
    if change.low > -FLAT_WITHIN and change.high < FLAT_WITHIN:
        return Trend("flat", since, until, change)
    if change.high < 0:
        return Trend("down", since, until, change)
    if change.low > 0:
        return Trend("up", since, until, change)
    return Trend("unknown", since, until, change, too_wide)
