"""JSON schemas as another wire's provider takes them."""

from collections.abc import Iterator, Mapping
from typing import Any

from tierwatch.wire.json_values import mapping

_OBJECT = "object"
# Where schemas stand in a schema: under a name of the caller's, in a list, or alone.
_NAMED = ("properties", "$defs", "definitions")
_LISTED = ("anyOf", "allOf", "oneOf", "prefixItems")
_ALONE = ("items", "additionalProperties", "not")
# What neither vendor's structured output knows.
_UNKNOWN = frozenset(
    {"allOf", "oneOf", "not", "if", "then", "else", "patternProperties", "dependentRequired",
     "dependentSchemas", "unevaluatedProperties"}
)  # fmt: skip
_DEEPEST = 200  # levels, as of all JSON from outside


def with_properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters for OpenAI, which refuses an object that does not name its properties.

    >>> with_properties({"type": "object"})
    {'type': 'object', 'properties': {}}
    """
    if type(schema.get("properties")) is dict:  # nearly all
        return schema
    if schema and schema.get("type") != _OBJECT:
        return schema
    return {"type": _OBJECT, **schema, "properties": {}}


def with_type(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters for Anthropic, which demands that they say they are an object.

    >>> with_type({"properties": {}}), with_type({"type": "object"})
    ({'properties': {}, 'type': 'object'}, {'type': 'object'})
    """
    return schema if schema.get("type") else {**schema, "type": _OBJECT}


def is_closed(schema: object) -> bool:
    """Whether no object takes other properties than it names, as structured output demands."""
    return all(
        one.get("additionalProperties") is False and _UNKNOWN.isdisjoint(one)
        if _is_object(one)
        else _UNKNOWN.isdisjoint(one)
        for one in _all_of(schema)
    )


def is_strict(schema: object) -> bool:
    """Whether all is demanded besides: OpenAI's ``strict`` refuses properties that may be left out.

    >>> city = {"type": "object", "properties": {"city": {}}, "additionalProperties": False}
    >>> is_strict(city), is_strict({**city, "required": ["city"]})
    (False, True)
    """
    return is_closed(schema) and all(
        set(mapping(one.get("properties"))) <= _names(one.get("required"))
        for one in _all_of(schema)
        if _is_object(one)
    )


def _is_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    return kind == _OBJECT or (isinstance(kind, list) and _OBJECT in kind) or "properties" in schema


def _names(required: object) -> set[str]:
    listed = required if isinstance(required, list) else []
    return {name for name in listed if isinstance(name, str)}


def _all_of(schema: object) -> Iterator[Mapping[str, Any]]:
    """A schema and all within it; one that is nested too deeply is open."""
    level = [schema]
    for _ in range(_DEEPEST):
        found = [one for one in level if isinstance(one, dict)]
        if not found:
            return
        yield from found
        level = [inner for one in found for inner in _within(one)]
    yield {"type": _OBJECT}


def _within(schema: Mapping[str, Any]) -> Iterator[object]:
    for name in _NAMED:
        yield from mapping(schema.get(name)).values()
    for name in _LISTED:
        listed = schema.get(name)
        yield from listed if isinstance(listed, list) else ()
    for name in _ALONE:
        yield schema.get(name)
