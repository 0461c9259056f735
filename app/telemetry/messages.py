"""Spans and log records of a worker, by the messages of `opentelemetry-proto`.

A gateway writes its spans by hand, for each request (`wire_format`); a worker makes some a second.
"""

from collections.abc import Mapping
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

Value = str | float | int | bool | None

_LONGEST: Final = 4_096


def nanoseconds(at: float) -> int:
    """Seconds since 1970 as the messages have a time."""
    return int(at * 1e9)


def key_values(attributes: Mapping[str, Value]) -> list[KeyValue]:
    """Attributes, without those that are None or empty text."""
    return [
        KeyValue(key=key, value=_value(value))
        for key, value in attributes.items()
        if value is not None and value != ""
    ]


def _value(value: str | float | bool) -> AnyValue:  # noqa: FBT001 - it is the value
    if isinstance(value, str):
        # Half a surrogate pair in somebody's text becomes a question mark.
        text = value[:_LONGEST].encode("utf-8", "replace").decode()
        return AnyValue(string_value=text)
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    return AnyValue(double_value=value)
