"""How long a server asks to be left alone, read and written in one place, always with a bound.

The number is somebody else's: a monthly quota, a clock that is wrong, 400 digits. Whatever it is,
what is read here is finite, never negative, and never an exception.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Nobody here waits longer, and no caller is told to: after an hour it is worth asking again.
LONGEST_WAIT_S = 3600.0
# What is read stays a usable number, and still says whether it was beyond the hour.
LONGEST_READ_S = 30 * 86_400.0

_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)
# The longest form of a date in HTTP, RFC 850's, has 33 characters; a zone by name adds a few.
_LONGEST_DATE = 64
# What the standard library's reader of dates raises, all of it seen: OverflowError for a year of
# 30 digits, ValueError for a 32nd of March, TypeError and IndexError for broken zones.
_NO_DATE = (ValueError, OverflowError, TypeError, IndexError)


def read_retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds that a response asks for, from 0 to `LONGEST_READ_S`; None where it names no time.

    ``retry-after-ms`` counts first, as in OpenAI's own clients: it is the finer one. Then
    ``retry-after``, a number of seconds or an HTTP date (RFC 9110, 10.2.3).

    Args:
        headers: found by lower-case names.
        now: for a date, with its zone.

    >>> from datetime import UTC, datetime
    >>> now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    >>> read_retry_after({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, now=now)
    30.0
    >>> read_retry_after({"retry-after-ms": "1500", "retry-after": "2"}, now=now)
    1.5
    >>> read_retry_after({"retry-after": "9" * 400}, now=now)
    2592000.0
    """
    fine = _number(headers.get("retry-after-ms"))
    if fine is not None:
        return _bounded(fine / 1000)
    value = headers.get("retry-after")
    seconds = _number(value)
    return _bounded(seconds) if seconds is not None else _until(value, now)


def write_retry_after(seconds: float) -> bytes:
    """The header's value for a caller: whole seconds, from 1 to `LONGEST_WAIT_S`.

    >>> write_retry_after(0.2), write_retry_after(float("inf")), write_retry_after(float("nan"))
    (b'1', b'3600', b'3600')
    """
    if not seconds < LONGEST_WAIT_S:  # what is no number is not less either
        return b"%d" % LONGEST_WAIT_S
    return b"%d" % max(1, math.ceil(max(seconds, 0.0)))


def _number(value: str | None) -> float | None:
    # 400 digits are infinity for `float`, which the bound then takes.
    text = "" if value is None else value.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def _until(value: str | None, now: datetime) -> float | None:
    if value is None or len(value) > _LONGEST_DATE:
        return None
    try:
        until = parsedate_to_datetime(value)
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        return _bounded((until - now).total_seconds())
    except _NO_DATE:
        return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_READ_S)
