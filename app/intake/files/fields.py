"""Fields of exported rows: names in either case, JSON that is text, times in several forms."""

import datetime as dt
import math
from typing import Final

from tierwatch.store.documents import Json, JsonValue
from tierwatch.wire.json_bytes import read_outside_json

# The year 2100 in seconds; greater numbers are milliseconds.
_MOST_SECONDS: Final = 4_102_444_800


def field(row: Json, *names: str) -> JsonValue:
    """The first of the fields that is there and not null."""
    for name in names:
        value = row.get(name)
        if value is not None:
            return value
    return None


def said(row: Json, *names: str) -> str:
    """The first of the fields that is a text and not empty; "" where none is."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def parsed(value: JsonValue) -> JsonValue:
    """A value that may be JSON as text, as tables and Parquet have it; the text where it is none.

    >>> parsed('{"a": 1}'), parsed({"a": 1}), parsed("Hello"), parsed("42")
    ({'a': 1}, {'a': 1}, 'Hello', '42')
    """
    if not isinstance(value, str):
        return value
    try:
        found = read_outside_json(value.encode())
    except ValueError:
        return value
    return found if isinstance(found, dict | list) else value


def seconds(value: object) -> float:
    """A moment in seconds since 1970; 0 where it is none. A date without a zone is UTC.

    >>> seconds("2026-11-29T23:31:39Z"), seconds("2026-11-29 23:31:39.000000"), seconds(1795995099)
    (1795995099.0, 1795995099.0, 1795995099.0)
    >>> seconds(1795995099000), seconds("yesterday"), seconds(None)
    (1795995099.0, 0.0, 0.0)
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value) or value <= 0:
            return 0.0
        return value / 1e3 if value > _MOST_SECONDS else float(value)
    if not isinstance(value, str):
        return 0.0
    try:
        moment = dt.datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return max(0.0, moment.timestamp())
    except (ValueError, OverflowError, OSError):
        return 0.0


def amount(value: object) -> float | None:
    """A number of 0 or more, also as text; None where it is none.

    >>> amount("0.0035"), amount(2), amount("x"), amount(-1), amount(True)
    (0.0035, 2.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None
