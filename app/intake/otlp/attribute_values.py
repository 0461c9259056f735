"""Values of OTLP/JSON as plain ones: senders write numbers, ids and enumerations in several ways.

Source: the OTLP specification 1.9 ("JSON Protobuf Encoding") and proto3's JSON mapping; what
senders do beside it was seen in payloads.
"""

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tierwatch.store.documents import Json, JsonValue
from tierwatch.wire.json_values import objects

_TRACE_BYTES: Final = 16
_SPAN_BYTES: Final = 8
# Counts and times fit 64 bits; more is no number anybody counted.
_MOST: Final = 2**64


def whole(value: object) -> int:
    """A count or a time, as a number or as text; 0 where it is neither.

    >>> whole("1795994368083687995"), whole(11), whole(7.0), whole("x"), whole(-1), whole(True)
    (1795994368083687995, 11, 7, 0, 0, 0)
    """
    if isinstance(value, bool):
        return 0
    if isinstance(value, str):
        # A number of 64 bits has 20 digits.
        value = int(value) if value.isascii() and value.isdecimal() and len(value) <= 20 else 0  # noqa: PLR2004
    if isinstance(value, float):
        value = int(value) if math.isfinite(value) and value.is_integer() else 0
    return value if isinstance(value, int) and 0 <= value < _MOST else 0


def trace_id_of(value: object) -> str:
    """A trace's id in hexadecimal; "" where it is none, or all zeros, which the protocol forbids.

    >>> trace_id_of("5C90637936AEBC676AE53EF00775C5B9")
    '5c90637936aebc676ae53ef00775c5b9'
    >>> trace_id_of("XJBjeTauvGdq5T7wB3XFuQ=="), trace_id_of("0" * 32), trace_id_of(None)
    ('5c90637936aebc676ae53ef00775c5b9', '', '')
    """
    return _id_of(value, _TRACE_BYTES)


def span_id_of(value: object) -> str:
    """A span's id, as `trace_id_of` reads a trace's.

    >>> span_id_of("/4Byy+VGphk="), span_id_of("ff8072cbe546a619"), span_id_of("ff80")
    ('ff8072cbe546a619', 'ff8072cbe546a619', '')
    """
    return _id_of(value, _SPAN_BYTES)


def _id_of(value: object, size: int) -> str:
    """OTLP/JSON says hexadecimal; proto3's own mapping, which some senders use, base64."""
    if not isinstance(value, str):
        return ""
    try:
        if len(value) == 2 * size:
            raw = bytes.fromhex(value)
        else:
            raw = base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        return ""
    return raw.hex() if len(raw) == size and any(raw) else ""


def plain_attributes(attributes: object) -> Json:
    """A list of keys and values as an object; a value that is empty is left out."""
    values: Json = {}
    for attribute in objects(attributes):
        value = attribute.get("value")
        said = value.get("stringValue") if isinstance(value, dict) else None
        if not isinstance(said, str):  # as most are
            said = plain_value(value)
        if said is not None:
            values[str(attribute.get("key"))] = said
    return values


def plain_value(value: object) -> JsonValue:
    """An ``AnyValue`` as JSON; None where it is empty (``{}``), as of exported None.

    >>> plain_value({"intValue": "11"}), plain_value({"doubleValue": 0.5}), plain_value({})
    (11, 0.5, None)
    >>> plain_value({"arrayValue": {"values": [{"stringValue": "a"}, {"boolValue": True}]}})
    ['a', True]
    """
    if isinstance(value, dict):
        said = value.get("stringValue")
        if isinstance(said, str):  # as most are
            return said
        for kind, given in value.items():
            if read := _KINDS.get(kind):
                return read(given)
    return None


def _array(given: object) -> JsonValue:
    values = given.get("values") if isinstance(given, dict) else None
    return [plain_value(value) for value in values] if isinstance(values, list) else []


def _object(given: object) -> JsonValue:
    """Null fields stay, as they are part of what was said."""
    values = given.get("values") if isinstance(given, dict) else None
    return {str(one.get("key")): plain_value(one.get("value")) for one in objects(values)}


def _integer(given: object) -> int | None:
    if isinstance(given, str):
        digits = given.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= 20):  # noqa: PLR2004
            return None
        return int(given)
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def _double(given: object) -> float | None:
    """JSON has no word for NaN and infinity, and the store takes none."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return float(given) if math.isfinite(given) else None


_KINDS: Final[Mapping[str, Callable[[object], JsonValue]]] = MappingProxyType(
    {
        "stringValue": lambda given: given if isinstance(given, str) else None,
        "intValue": _integer,
        "boolValue": lambda given: given if isinstance(given, bool) else None,
        "doubleValue": _double,
        "arrayValue": _array,
        "kvlistValue": _object,
        "bytesValue": lambda given: given if isinstance(given, str) else None,
    }
)
