from typing import Any

import pytest

from tierwatch.judges.schema import schema_breach

PERSON = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "age": {"type": ["integer", "null"]}},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"name": "a", "age": None}, PERSON),
        ({"name": "a", "age": 3.0}, PERSON),
        (1, True),
        (1, {}),
        (1, {"type": "number"}),
        ("x", {"type": "unknown-type"}),
        ("x", {"type": ["integer", "unknown-type"]}),
        ("x", {"pattern": "^y"}),  # a keyword that is not read lets pass
        (1.0, {"enum": [1, "a"]}),
        ([1, 2], {"type": "array", "items": {"type": "integer"}}),
        (1, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        (1, {"anyOf": []}),
        ({"x": 1}, {"patternProperties": {"^x": {}}, "additionalProperties": False}),
        (1, {"$ref": "#"}),  # leads only to itself
        (1, {"$ref": "other.json#/a"}),
        (1, {"$ref": "#/nowhere/at/all"}),
    ],
)
def test_follows(value: Any, schema: Any) -> None:
    assert schema_breach(value, schema) == ""


@pytest.mark.parametrize(
    ("value", "schema", "breach"),
    [
        ({}, PERSON, "$.name is missing"),
        ({"name": 1}, PERSON, "$.name is not of type string"),
        ({"name": "a", "age": True}, PERSON, "$.age is not of type integer or null"),
        ({"name": "a", "age": 1.5}, PERSON, "$.age is not of type integer or null"),
        ({"name": "a", "sex": 1}, PERSON, "$.sex is not allowed"),
        ([], PERSON, "$ is not of type object"),
        ("b", {"enum": ["a"]}, "$ is not one of the allowed values"),
        (True, {"enum": [1]}, "$ is not one of the allowed values"),
        (2, {"const": 1}, "$ is not one of the allowed values"),
        ([1, "a"], {"items": {"type": "integer"}}, "$[1] is not of type integer"),
        ({"a": {"b": 1}}, {"properties": {"a": PERSON}}, "$.a.name is missing"),
        (None, {"allOf": [{}, {"type": "number"}]}, "$ is not of type number"),
        (
            None,
            {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "$ follows none of 2 alternatives ($ is not of type string)",
        ),
        (
            {"next": {"next": 5}},
            {
                "$ref": "#/$defs/a~1b",
                "$defs": {
                    "a/b": {"type": "object", "properties": {"next": {"$ref": "#/$defs/a~1b"}}}
                },
            },
            "$.next.next is not of type object",
        ),
    ],
)
def test_breaks(value: Any, schema: Any, breach: str) -> None:
    assert schema_breach(value, schema) == breach
