"""Figures as people read them: rates with their intervals, money, times."""

import datetime as dt
import math
from dataclasses import dataclass
from typing import Final

from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.loop.report.schema import Rate

NOT_ENOUGH = "not enough data"
# As bills count them, on average.
DAYS_A_MONTH: Final = 365 / 12

_CENT = 0.01
_MOST_DIGITS = 9
_TENTH = 0.0995
_HOUR_S = 3_600
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Figure:
    """An estimate on a page: a value with its interval, or too little to say.

    Attributes:
        value: the estimate, or None when there is nothing to estimate from.
        low: lower end of the interval, or None when it is open.
        high: upper end of the interval, or None when it is open.
        n: pairs it rests on.
        needed: fewer pairs than this are not enough to show a value.
        method: how it was made.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    needed: int
    method: str

    @property
    def enough(self) -> bool:
        """Whether there is a value to show."""
        return self.value is not None and self.n >= self.needed

    def against(self, limit: float | None) -> str:
        """Where the interval lies: ``within``, ``above`` or ``undecided``; "" without a limit."""
        if limit is None or not self.enough:
            return ""
        if self.high is not None and self.high <= limit:
            return "within"
        return "above" if self.low is not None and self.low > limit else "undecided"


def figure(estimate: Estimate, *, needed: int = 1) -> Figure:
    """An estimate as evidence holds it.

    >>> figure(Estimate(0.1, 0.0, float("inf"), 40, "ratio"))
    Figure(value=0.1, low=0.0, high=None, n=40, needed=1, method='ratio')
    """
    low, high = (end if math.isfinite(end) else None for end in (estimate.low, estimate.high))
    return Figure(estimate.value, low, high, estimate.n, needed, estimate.method)


def reported_figure(rate: Rate | None, *, needed: int = 1) -> Figure | None:
    """An estimate as the report holds it; None when it holds none.

    >>> reported_figure(
    ...     {"estimate": None, "low": 0.0, "high": 1.0, "n": 0, "method": "no pairs"}).enough
    False
    """
    if rate is None:
        return None
    return Figure(rate["estimate"], rate["low"], rate["high"], rate["n"], needed, rate["method"])


def percent(share: float | None) -> str:
    """A share in per cent; one more digit where it would vanish.

    >>> percent(0.1234), percent(0.0004), percent(0.0), percent(1.0), percent(None)
    ('12.3 %', '0.04 %', '0.0 %', '100.0 %', 'unknown')
    """
    if share is None:
        return "unknown"
    size = abs(share) * 100
    return f"{share * 100:.2f} %" if 0 < size < _TENTH else f"{share * 100:.1f} %"


def interval(low: float | None, high: float | None) -> str:
    """The two ends of an interval of shares.

    >>> interval(0.01, 0.052), interval(-0.1, None)
    ('1.0 to 5.2 %', '-10.0 % or more')
    """
    if low is None and high is None:
        return "open on both ends"
    if high is None:
        return f"{percent(low)} or more"
    if low is None:
        return f"{percent(high)} or less"
    return f"{low * 100:.1f} to {high * 100:.1f} %"


def change(share: float | None) -> str:
    """A relative change, with its sign.

    >>> change(0.08), change(-0.125), change(0.0)
    ('+8.0 %', '-12.5 %', '+0.0 %')
    """
    return "unknown" if share is None else f"{share * 100:+.1f} %"


def usd(amount: float | None) -> str:
    """Money; cents where they tell something, more digits below a cent.

    >>> usd(1234.5), usd(0.25), usd(0.00123), usd(0.0), usd(-3.5)
    ('$1,234.50', '$0.25', '$0.00123', '$0.00', '-$3.50')
    >>> usd(1.25e-05), usd(0.009999), usd(-3e-12)
    ('$0.0000125', '$0.01', '-$0.00')
    """
    if amount is None:
        return "unknown"
    sign, size = "-" if amount < 0 else "", abs(amount)
    if not 0 < size < _CENT:
        return f"{sign}${size:,.2f}"
    # Three digits, and never an exponent: below a billionth of a dollar there is no price.
    digits = min(_MOST_DIGITS, 2 - math.floor(math.log10(size)))
    return f"{sign}${f'{size:.{digits}f}'.rstrip('0').ljust(4, '0')}"


def count(number: float) -> str:
    """A count with separators.

    >>> count(1234567)
    '1,234,567'
    """
    return f"{number:,.0f}"


def when(at: dt.datetime | None) -> str:
    """A moment in UTC, to the second.

    >>> when(dt.datetime(2026, 11, 23, 9, 5, 7, tzinfo=dt.UTC))
    '2026-11-23 09:05:07 UTC'
    """
    return "" if at is None else f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def ago(at: dt.datetime | None, now: float) -> str:
    """How long before ``now`` (seconds since 1970) a moment was, in its largest unit.

    >>> at = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
    >>> [ago(at, at.timestamp() + s) for s in (-5, 59, 61, 7_300, 200_000)]
    ['just now', 'just now', '1 min ago', '2 h ago', '2 days ago']
    """
    if at is None:
        return ""
    passed = now - at.timestamp()
    if passed >= 2 * _DAY_S:
        return f"{passed // _DAY_S:.0f} days ago"
    if passed >= _HOUR_S:
        return f"{passed // _HOUR_S:.0f} h ago"
    return f"{passed // 60:.0f} min ago" if passed >= 60 else "just now"  # noqa: PLR2004 - a minute
