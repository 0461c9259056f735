"""JSON as it travels: bytes in, values out, and back; lone surrogates included."""

import json
import math
from typing import Any

import orjson

# What reads, redacts, writes and stores JSON, here and elsewhere, goes down level by level on a
# stack of its own: Python's ends at 1,000 calls, orjson's writer at 254 levels. Nobody means more,
# and what is let in from outside is wrapped in some levels of ours before it is stored.
DEEPEST = 200
_ORJSONS_DEEPEST = 254
# orjson takes an integer beyond 64 bits for a float. One above zero has twenty digits or more, one
# below it nineteen; a moment in nanoseconds, of which telemetry is full, has nineteen.
_LONG = b"0" * len("18446744073709551616")
_LONG_BELOW = b"-" + b"0" * len("9223372036854775809")
_DIGITS = bytes(
    ord("0") if chr(byte).isdecimal() else byte if chr(byte) == "-" else ord(" ")
    for byte in range(128)
).ljust(256)


def read_outside_json(raw: bytes) -> Any:
    """Parse JSON that callers or providers sent.

    Raises:
        ValueError: this is not JSON, or is nested deeper than `DEEPEST` levels.
    """
    value = read_json(raw)
    # Fewer brackets than that cannot be nested so deep, and counting them takes no time.
    if raw.count(b"{") + raw.count(b"[") > DEEPEST and _is_too_deep(value):
        raise ValueError(f"JSON nested deeper than {DEEPEST} levels")
    return value


def read_json(raw: bytes) -> Any:
    r"""Parse JSON, lone surrogates (as in ``"\ud800"``) and integers of any size included.

    Raises:
        ValueError: this is not JSON.
    """
    try:
        value = orjson.loads(raw)
        return _with_long_integers(raw, value) if _may_be_long(raw) else value
    except orjson.JSONDecodeError:
        # orjson takes no lone surrogate and no integer beyond a double, the standard library
        # does. Only a text that may have one is worth a second, slower reading.
        if b"\\ud" not in raw and b"\\uD" not in raw and not _may_be_long(raw):
            raise
    try:
        return json.loads(raw, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error


def _may_be_long(raw: bytes) -> bool:
    """Whether so many digits stand together, in text or not; 0.2 us for a short body."""
    digits = raw.translate(_DIGITS)
    return _LONG in digits or _LONG_BELOW in digits


def _with_long_integers(raw: bytes, value: Any) -> Any:
    """The same value, with integers for what orjson made floats of.

    Digits may stand in text, and Python reads no more than 4,300 of them: then it stays as it is.
    """
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return value


def write_json(value: Any) -> bytes:
    """Write JSON. A lone surrogate, which UTF-8 cannot hold, is written escaped."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"no double holds {digits[:40]}")
    return value


def _is_too_deep(value: Any) -> bool:
    wrapped = value
    for _ in range(_ORJSONS_DEEPEST - DEEPEST):
        wrapped = [wrapped]
    try:
        orjson.dumps(wrapped)  # many times as fast as a walk
    except TypeError:
        return _depth_exceeds(value, DEEPEST)  # or a lone surrogate, or a long integer
    return False


def _depth_exceeds(value: Any, most: int) -> bool:
    """Whether lists and objects are nested deeper; on no stack, so that it can be asked."""
    level = [value]
    for _ in range(most + 1):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
