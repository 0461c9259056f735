"""Attributes read as what they should be; nothing here raises but `structured`."""

from typing import Final

from tierwatch.intake.calls import TRUNCATED
from tierwatch.intake.otlp.attribute_values import whole
from tierwatch.store.documents import Json, JsonValue
from tierwatch.wire.json_bytes import read_outside_json
from tierwatch.wire.usage import count

# What instrumentations put where a text or a medium was too long, or is not to be seen.
_MARKS: Final = (
    "__REDACTED__",  # OpenInference, whose images over 32,000 characters become this too
    "@@@langfuseMedia:",  # Langfuse's reference to an upload
    "[base64_data truncated",  # LiteLLM
    "<truncated ",  # Vercel, pydantic-ai behind collectors
)


def text(attributes: Json, *names: str) -> str:
    """The first of the attributes that is a text and not empty; "" where none is."""
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def tokens(attributes: Json, *names: str) -> int | None:
    """The first of the attributes that is a count; None where none is.

    >>> tokens({"a": "11", "b": 7}, "a", "b"), tokens({"b": 7.0}, "a", "b"), tokens({}, "a")
    (11, 7, None)
    """
    for name in names:
        value = attributes.get(name)
        if value is not None and not isinstance(value, bool):
            number = whole(value)
            if number or value in (0, "0", 0.0):
                return count(number)
    return None


def number(attributes: Json, *names: str) -> float | None:
    """The first of the attributes that is a number of 0 or more; None where none is."""
    for name in names:
        value = attributes.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return float(value)
    return None


def structured(value: JsonValue) -> JsonValue:
    """What an attribute holds that is JSON as text in spans, and itself in log records.

    Raises:
        ValueError: it is text, and not JSON: a limit has cut it, as a rule.
    """
    return read_outside_json(value.encode()) if isinstance(value, str) else value


def found_structured(attributes: Json, name: str) -> tuple[JsonValue, str]:
    """What an attribute holds, and why it is not to be relied on; None where it is not there.

    >>> found_structured({"a": '[1]'}, "a"), found_structured({"a": "[1"}, "a")
    (([1], ''), (None, 'intake_truncated'))
    """
    value = attributes.get(name)
    try:
        return structured(value), marked(value) if isinstance(value, str) else ""
    except ValueError:
        return None, TRUNCATED


def marked(said: str) -> str:
    """Why a text is not what was said: TRUNCATED where a mark stands in it, else "".

    >>> marked("see @@@langfuseMedia:type=image/png|id=1@@@"), marked("Say hello.")
    ('intake_truncated', '')
    """
    for mark in _MARKS:  # a generator costs more than the searches
        if mark in said:
            return TRUNCATED
    return ""
