"""JSON schemas and OpenAPI paths, from the types and the rules that the API is made of."""

import datetime as dt
import re
import types
import typing
import uuid
from dataclasses import fields, is_dataclass
from typing import Any

_SCALARS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    dt.date: {"type": "string", "format": "date"},
    dt.datetime: {"type": "string", "format": "date-time"},
    uuid.UUID: {"type": "string", "format": "uuid"},
    types.NoneType: {"type": "null"},
    Any: {},
}
_PATH_PART = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")
_PATH_TYPES = {"int": int, "uuid": uuid.UUID}


def schema_of(kind: Any, named: dict[str, Any]) -> dict[str, Any]:
    """JSON schema of a type; dataclasses go into ``named`` and are referred to.

    >>> schema_of(list[int], {})
    {'type': 'array', 'items': {'type': 'integer'}}
    >>> schema_of(float | None, {})
    {'anyOf': [{'type': 'number'}, {'type': 'null'}]}
    """
    if kind in _SCALARS:
        return dict(_SCALARS[kind])
    if isinstance(kind, type) and is_dataclass(kind):
        if kind.__name__ not in named:
            named[kind.__name__] = {}  # stands for itself while its fields are read
            named[kind.__name__] = _object(kind, named)
        return {"$ref": f"#/components/schemas/{kind.__name__}"}
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return {"type": "string", "enum": list(inside)}
    if origin in {list, tuple}:
        return {"type": "array", "items": schema_of(inside[0], named)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(inside[1], named)}
    return {"anyOf": [schema_of(one, named) for one in inside]}


def _object(kind: type, named: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    return {
        "type": "object",
        "description": _summary(kind),
        "properties": {name: schema_of(hints[name], named) for name in names},
        "required": names,
    }


def _summary(kind: type) -> str:
    """The first line of a class's docstring, in the words and the quotes of JSON and Markdown."""
    line = (kind.__doc__ or "").strip().split("\n")[0]
    return line.replace("``", "`").replace(" None ", " null ")


def path_of(rule: str) -> tuple[str, list[dict[str, Any]]]:
    """A Flask rule as an OpenAPI path, with its parameters.

    >>> path_of("/alerts/<int:alert_id>")[0]
    '/alerts/{alert_id}'
    """
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": dict(_SCALARS[_PATH_TYPES.get(converter, str)]),
        }
        for converter, name in _PATH_PART.findall(rule)
    ]
    return _PATH_PART.sub(r"{\2}", rule), parameters
