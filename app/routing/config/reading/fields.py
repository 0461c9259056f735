"""How single values are written in tierwatch.yaml: shares, durations, names, numbers.

Each reader takes what YAML gave and returns the value, or says what is accepted. True and false
are never numbers here.
"""

import math
import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator

from tierwatch.routing.config.reading.document import not_accepted

_SHARE = re.compile(r"(?:confidence\s*)?(?:<\s*)?(\d*\.?\d+(?:e-?\d+)?)\s*(%?)", re.IGNORECASE)
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:ms|s|m|h|d)\s*)+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


class Section(BaseModel):
    """A mapping of tierwatch.yaml: immutable, and an unknown key is an error."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
        # Only the whole file is ever validated; the parts of it need no validator of their own.
        defer_build=True,
    )


def read_number(value: object) -> float | None:
    """The finite number that a value or its text is; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_share(value: object) -> float:
    """A number in [0, 1]: ``0.7``, ``"0.7"``, ``70 %``, ``Confidence < 0.7``.

    >>> read_share("Confidence < 0.7"), read_share("70 %"), read_share(1)
    (0.7, 0.7, 1.0)
    """
    number = read_number(value)
    if isinstance(value, str) and (match := _SHARE.fullmatch(value.strip())):
        number = float(match[1]) / (100 if match[2] else 1)
    if number is None or not 0 <= number <= 1:
        raise not_accepted("a number from 0 to 1, such as 0.7, 70 % or Confidence < 0.7")
    return number


def read_open_share(value: object) -> float:
    """A number above 0 and below 1, written like a share."""
    try:
        number = read_share(value)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise not_accepted("a number above 0 and below 1, such as 0.05 or 5 %")
    return number


def read_seconds(value: object) -> float:
    """A duration in seconds: ``500ms``, ``30s``, ``5m``, ``1h30m``, ``2d``; a number is seconds.

    >>> read_seconds("1h30m"), read_seconds("500ms"), read_seconds(2)
    (5400.0, 0.5, 2.0)
    """
    seconds = read_number(value)
    if isinstance(value, str) and _DURATION.fullmatch(value.strip()):
        seconds = sum(float(n) * _SECONDS[unit] for n, unit in _DURATION_PART.findall(value))
    if seconds is None or seconds <= 0:
        raise not_accepted("a duration above zero, such as 500ms, 30s, 5m or 1h30m")
    return seconds


def read_name(value: object) -> str:
    """Text that is not empty. A number is a name too: YAML reads model ``4`` as one."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (str, int, float))
        or not str(value).strip()
    ):
        raise not_accepted("a name")
    return str(value).strip()


def whole_number(low: int, high: int) -> BeforeValidator:
    """A validator for whole numbers from ``low`` to ``high``."""

    def read(value: object) -> int:
        number = read_number(value)
        if number is None or number != int(number) or not low <= number <= high:
            raise not_accepted(f"a whole number from {low:,} to {high:,}")
        return int(number)

    return BeforeValidator(read)


def number_above(low: float, *, or_equal: bool = False) -> BeforeValidator:
    """A validator for numbers above ``low``."""

    def read(value: object) -> float:
        number = read_number(value)
        if number is None or number < low or (number == low and not or_equal):
            raise not_accepted(
                f"a number of {low:g} or more" if or_equal else f"a number above {low:g}"
            )
        return number

    return BeforeValidator(read)


def yaml_off(value: Any) -> Any:
    """YAML reads a bare ``off`` as false; where ``off`` is a choice, it is that choice."""
    return "off" if value is False else value


Share = Annotated[float, PlainValidator(read_share)]
OpenShare = Annotated[float, PlainValidator(read_open_share)]
Seconds = Annotated[float, PlainValidator(read_seconds)]
Name = Annotated[str, PlainValidator(read_name)]
Count = Annotated[int, whole_number(1, 1_000_000_000)]
