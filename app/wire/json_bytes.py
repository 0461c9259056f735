"""JSON as it travels: bytes in, values out, and back; lone surrogates included."""

import json
from typing import Any

import orjson

# What reads, redacts, writes and stores JSON, here and elsewhere, goes down level by level on a
# stack of its own: Python's ends at 1,000 calls, orjson's writer at 254 levels. Nobody means more,
# and what is let in from outside is wrapped in some levels of ours before it is stored.
DEEPEST = 200
_ORJSONS_DEEPEST = 254


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
    r"""Parse JSON, lone surrogates (as in ``"\ud800"``) included.

    Raises:
        ValueError: this is not JSON.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        # orjson takes no lone surrogate, the standard library does. Only a text that has an
        # escaped one is worth a second, slower reading.
        if b"\\ud" not in raw and b"\\uD" not in raw:
            raise
    try:
        return json.loads(raw, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error


def write_json(value: Any) -> bytes:
    """Write JSON. A lone surrogate, which UTF-8 cannot hold, is written escaped."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


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
