"""JSON as it travels: bytes in, values out, and back; lone surrogates included."""

import json
from typing import Any

import orjson


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
        return json.loads(raw)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error


def write_json(value: Any) -> bytes:
    """Write JSON. A lone surrogate, which UTF-8 cannot hold, is written escaped."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()
