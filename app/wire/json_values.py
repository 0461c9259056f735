"""JSON of other people's programs, read as what it should be: never raises, never changes it."""

import json
from collections.abc import Mapping
from typing import Any

# Not orjson: it refuses half a surrogate pair, which callers do send and models do answer.
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def objects(value: object) -> list[dict[str, Any]]:
    """The objects in a JSON list; none when it is not a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def string(value: object) -> str:
    """The value when it is text, else empty text."""
    return value if isinstance(value, str) else ""


def string_or_none(value: object) -> str | None:
    """The value when it is text, else None."""
    return value if isinstance(value, str) else None


def mapping(value: object) -> dict[str, Any]:
    """The value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rest(value: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """The fields whose names are not among the known ones."""
    return {name: said for name, said in value.items() if name not in known}


def json_text(value: object) -> str:
    """The value as compact JSON."""
    return _COMPACT.encode(value)
