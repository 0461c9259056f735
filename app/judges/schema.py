"""Whether JSON follows a JSON Schema, as far as an honest small subset can say.

Read: ``type``, ``enum``, ``const``, ``required``, ``properties``, ``additionalProperties``,
``items``, ``anyOf``, ``oneOf`` (as anyOf), ``allOf`` and ``$ref`` inside the document. Every other
keyword is ignored. Ignoring can only let a value pass, so what is reported is truly a breach.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tierwatch.judges.transcript import canonical_json

# Deeper than any schema people write; ends references that only lead to themselves.
_DEEPEST = 60


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: Mapping[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": _is_number,
    "integer": lambda value: value.is_integer() if isinstance(value, float) else _is_number(value),
}


def schema_breach(value: Any, schema: Any) -> str:
    """Return the first breach in words, or an empty text when none was found.

    >>> schema_breach({"n": "1"}, {"properties": {"n": {"type": "integer"}}})
    '$.n is not of type integer'
    >>> schema_breach({"n": 1}, {"required": ["n"]})
    ''
    """
    return next(_breaches(value, schema, schema, "$", 0), "")


def _breaches(value: Any, schema: Any, root: Any, at: str, depth: int) -> Iterator[str]:
    if schema is False:
        yield f"{at} is not allowed"
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return
    yield from _value_breaches(value, schema, at)
    yield from _combined_breaches(value, schema, root, at, depth)
    if isinstance(value, dict):
        yield from _object_breaches(value, schema, root, at, depth)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from _breaches(item, schema["items"], root, f"{at}[{index}]", depth + 1)


def _combined_breaches(
    value: Any, schema: dict[str, Any], root: Any, at: str, depth: int
) -> Iterator[str]:
    if isinstance(schema.get("$ref"), str):
        yield from _breaches(value, _target(root, schema["$ref"]), root, at, depth + 1)
    for part in _list(schema.get("allOf")):
        yield from _breaches(value, part, root, at, depth + 1)
    for key in ("anyOf", "oneOf"):
        options = _list(schema.get(key))
        found = [next(_breaches(value, one, root, at, depth + 1), "") for one in options]
        if options and all(found):
            yield f"{at} follows none of {len(options)} alternatives ({found[0]})"


def _value_breaches(value: Any, schema: dict[str, Any], at: str) -> Iterator[str]:
    named = schema.get("type")
    types = [named] if isinstance(named, str) else named
    if isinstance(types, list) and types and all(isinstance(name, str) for name in types):
        known = [_TYPES[name] for name in types if name in _TYPES]
        if len(known) == len(types) and not any(fits(value) for fits in known):
            yield f"{at} is not of type {' or '.join(types)}"
    allowed = schema.get("enum")
    if "const" in schema:
        allowed = [schema["const"]]
    if isinstance(allowed, list) and canonical_json(value) not in map(canonical_json, allowed):
        yield f"{at} is not one of the allowed values"


def _object_breaches(
    value: dict[str, Any], schema: dict[str, Any], root: Any, at: str, depth: int
) -> Iterator[str]:
    for key in _list(schema.get("required")):
        if key not in value:
            yield f"{at}.{key} is missing"
    named = schema.get("properties")
    properties = named if isinstance(named, dict) else {}
    # With patternProperties a key may be allowed by a pattern, which is not read here.
    others = True if "patternProperties" in schema else schema.get("additionalProperties", True)
    for key, item in value.items():
        yield from _breaches(item, properties.get(key, others), root, f"{at}.{key}", depth + 1)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _target(root: Any, reference: str) -> Any:
    """What ``#/$defs/name`` points to; True (everything passes) where it points outside."""
    head, *steps = reference.split("/")
    found = root if head == "#" else True
    for step in steps:
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name, True) if isinstance(found, dict) else True
    return found
