"""Whether one answer has the form that was asked for: JSON by its schema, calls of offered tools.

Pure, and beyond dispute: what is called a breach here cannot be used by whoever asked. Tool calls
are checked, never executed.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tierwatch.judges.schema import schema_breach
from tierwatch.judges.transcript import canonical_json

NOT_JSON: Any = object()


def read_json(text: str) -> Any:
    """The value, or `NOT_JSON`: also for NaN, numbers too long to read, and bottomless nesting."""
    try:
        value = json.loads(text, parse_constant=_refuse)
        canonical_json(value)  # nests deeper than the decoder does, and it is needed later
    except (ValueError, RecursionError):
        return NOT_JSON
    return value


def _refuse(name: str) -> Any:
    raise ValueError(name)


def json_breach(value: Any, asked: Mapping[str, Any]) -> str:
    """Why a value is not what ``response_format`` asks for; empty when it is.

    Args:
        value: from `read_json`.
        asked: of type ``json_object`` or ``json_schema``.
    """
    if value is NOT_JSON:
        return "the text is not valid JSON."
    if asked["type"] == "json_object":
        return "" if isinstance(value, dict) else "the JSON is not an object."
    named = asked.get("json_schema")
    breach = schema_breach(value, named.get("schema", True) if isinstance(named, dict) else True)
    return f"{breach}." if breach else ""


def call_breach(calls: Sequence[tuple[str, str]], tools: Sequence[Any] | None) -> str:
    """Why one of the calls cannot be carried out; empty when all can.

    Args:
        calls: name and arguments, as written, of each.
        tools: what was offered, in OpenAI's form.
    """
    offered = _offered(tools or ())
    for name, text in calls:
        if name not in offered:
            return f"tool {name[:80]!r} was not offered."
        if offered[name] is None:
            continue
        arguments = read_json(text or "{}")
        if not isinstance(arguments, dict):
            return f"the arguments of {name[:80]!r} are not a JSON object."
        breach = schema_breach(arguments, offered[name])
        if breach:
            return f"in the arguments of {name[:80]!r}, {breach}."
    return ""


def _offered(tools: Sequence[Any]) -> dict[str, Any]:
    """Schema of the arguments of each offered tool; True where none was given."""
    offered: dict[str, Any] = {}
    for tool in tools:
        form = tool.get("function")
        if isinstance(form, dict):
            offered[str(form.get("name"))] = form.get("parameters", True)
        elif isinstance(tool.get("custom"), dict):
            offered[str(tool["custom"].get("name"))] = None  # its input is free text
    return offered
