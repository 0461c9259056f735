"""The stretch of time that a page is about: ``?from=`` and ``?to=``, as people write them."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from flask import request

from tierwatch.errors import UsageError

_BEFORE_NOW: Final = re.compile(r"-([0-9]{1,6})([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ACCEPTED: Final = "a moment as 2026-11-30T12:00:00Z, or a time before now as -7d, -24h or -30m"
_LONGEST_SHOWN: Final = 40
ALL: Final = "all"
# Before anything that is kept: identifiers count their time from here.
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# What the picker offers: as it is written in the address, and its words.
CHOICES: Final = (
    ("-1h", "1 h"),
    ("-6h", "6 h"),
    ("-24h", "24 h"),
    ("-7d", "7 d"),
    ("-30d", "30 d"),
    (ALL, "all"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A range that the picker offers."""

    start: str
    words: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A stretch of time, from ``since`` up to and without ``until``, in UTC.

    ``start`` and ``end`` are as they were written, to be shown and linked to; ``problem`` says what
    was not accepted of another range that was asked for, and ``typed`` is what that was.
    """

    since: dt.datetime
    until: dt.datetime
    start: str
    end: str
    problem: str = ""
    typed: tuple[str, str] | None = None

    @property
    def length(self) -> dt.timedelta:
        """How long it is."""
        return self.until - self.since

    @property
    def before(self) -> "TimeRange":
        """The period of the same length before it, or what there is of one."""
        began = max(self.since, _EPOCH + self.length) - self.length
        return TimeRange(began, self.since, "", "")

    @property
    def whole(self) -> bool:
        """Whether it is all that is kept, so that nothing came before."""
        return self.start == ALL or self.since <= _EPOCH

    @property
    def unbounded(self) -> bool:
        """Whether it has no first moment to be named: it is from before anything is kept."""
        return self.since <= _EPOCH

    @property
    def first(self) -> dt.datetime | None:
        """The first moment as a list is narrowed by it; None where nothing came before."""
        return None if self.whole else self.since

    @property
    def end_before(self) -> dt.datetime | None:
        """The end as a list is narrowed by it; None where it goes on until now."""
        return self.until if self.end else None

    @property
    def written_start(self) -> str:
        """What stands in the field of its start."""
        return self.start if self.typed is None else self.typed[0]

    @property
    def written_end(self) -> str:
        """What stands in the field of its end."""
        return self.end if self.typed is None else self.typed[1]

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What the picker offers."""
        return tuple(
            Choice(start, words, chosen=self.start == start and not self.end)
            for start, words in CHOICES
        )

    @property
    def query(self) -> dict[str, str]:
        """What a link carries so that the page behind it is about the same time."""
        return {"from": self.start} | ({"to": self.end} if self.end else {})

    def seen_from(self, first: dt.datetime | None) -> "TimeRange":
        """The same, without the time before anything was kept where it is all that is."""
        if not self.whole or first is None or not self.since < first < self.until:
            return self
        return replace(self, since=first)

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """The first and the last day that it touches, in UTC."""
        return self.since.date(), (self.until - dt.timedelta(microseconds=1)).date()


# Everything, whenever it is read.
EVER: Final = TimeRange(_EPOCH, dt.datetime(9000, 1, 1, tzinfo=dt.UTC), ALL, "")


def asked_range(now: dt.datetime, *, usual: str) -> TimeRange:
    """The range that the query asks for; the usual one, with the problem, where it is none."""
    return range_of(request.args, now, usual=usual)


def range_of_list(query: Mapping[str, str], now: dt.datetime) -> TimeRange:
    """The range that a list is narrowed to: all of it unless another one is asked for.

    It may begin after now: whoever asks for what is new may have a clock that is ahead.
    """
    return range_of(query, now, usual=ALL, open_end=True)


def range_of(
    query: Mapping[str, str], now: dt.datetime, *, usual: str, open_end: bool = False
) -> TimeRange:
    """The same as `asked_range` of any query; ``open_end`` as of `read_range`."""
    start, end = (query.get(name, "").strip() for name in ("from", "to"))
    start = start or usual
    try:
        return read_range(start, end, now, open_end=open_end)
    except UsageError as problem:
        typed = (start[:_LONGEST_SHOWN], end[:_LONGEST_SHOWN])
        return replace(read_range(usual, "", now), problem=str(problem), typed=typed)


def carried_range(now: dt.datetime) -> dict[str, str]:
    """What links to other pages of figures carry: the range that was asked for, if it is one.

    Nothing where the usual one is shown: each page has its own.
    """
    asked = {name: value for name in ("from", "to") if (value := request.args.get(name, ""))}
    if not asked or asked_range(now, usual=ALL).problem:
        return {}
    return asked


def read_range(start: str, end: str, now: dt.datetime, *, open_end: bool = False) -> TimeRange:
    """The range between two moments as people write them; without an ``end`` it is now.

    ``all`` is everything up to the end. With ``open_end`` a range without an end may begin after
    now, and is empty then.

    Raises:
        UsageError: one of them is none, or they are in the wrong order.

    >>> now = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
    >>> read_range("-7d", "", now).since.isoformat()
    '2026-11-23T12:00:00+00:00'
    """
    since = _EPOCH if start == ALL else moment("from", start, now)
    until = moment("to", end, now) if end else now
    if open_end and not end:
        until = max(now, since)
    elif since >= until:
        raise UsageError(
            f"from: {since:%Y-%m-%d %H:%M} UTC is not before to, {until:%Y-%m-%d %H:%M} UTC"
        )
    return TimeRange(since, until, start, end)


def moment(name: str, written: str, now: dt.datetime) -> dt.datetime:
    """A moment in UTC; one without an offset is taken for UTC.

    What is earlier than all that can be kept is as early as that.

    Args:
        name: of the parameter, for the error.
        written: as RFC 3339 has it, or ``-7d``; a space stands for the ``+`` of an address.
        now: what times before now are counted from.

    Raises:
        UsageError: it is neither.

    >>> now = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
    >>> moment("from", "-90m", now).isoformat()
    '2026-11-30T10:30:00+00:00'
    >>> moment("from", "2026-11-30T13:00:00 02:00", now).isoformat()
    '2026-11-30T11:00:00+00:00'
    """
    try:
        before = _BEFORE_NOW.fullmatch(written)
        if before:
            return max(_EPOCH, now - dt.timedelta(**{_UNITS[before[2]]: int(before[1])}))
        at = dt.datetime.fromisoformat(re.sub(r" (\d\d:\d\d)$", r"+\1", written))
        return max(_EPOCH, at.replace(tzinfo=at.tzinfo or dt.UTC).astimezone(dt.UTC))
    except (ValueError, OverflowError):
        found = written if len(written) <= _LONGEST_SHOWN else f"{written[:_LONGEST_SHOWN]}…"
        raise UsageError(f"{name}: found {found!r}; accepted: {_ACCEPTED}") from None
