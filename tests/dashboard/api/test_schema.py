import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.api.schema import path_of, schema_of
from tierwatch.dashboard.arguments import ID


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf.

    With more to say of it.
    """

    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that holds itself; ``leaf`` is None where it is bare."""

    leaf: Leaf | None
    trees: "list[Tree]"


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (str, {"type": "string"}),
        (bool, {"type": "boolean"}),
        (uuid.UUID, {"type": "string", "format": "uuid"}),
        (Any, {}),
        (Literal["up", "down"], {"type": "string", "enum": ["up", "down"]}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (
            dict[str, float],
            {"type": "object", "additionalProperties": {"type": "number"}},
        ),
        (
            list[str | None],
            {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        ),
    ],
)
def test_schemas_of_types(kind: Any, schema: dict[str, Any]) -> None:
    assert schema_of(kind, {}) == schema


def test_dataclasses_are_named_once_even_inside_themselves() -> None:
    named: dict[str, Any] = {}
    assert schema_of(Tree, named) == {"$ref": "#/components/schemas/Tree"}
    assert set(named) == {"Tree", "Leaf"}
    assert named["Leaf"]["description"] == "A leaf."
    assert (
        named["Tree"]["description"] == "A tree that holds itself; `leaf` is null where it is bare."
    )
    assert named["Tree"]["required"] == ["leaf", "trees"]
    assert named["Tree"]["properties"]["trees"]["items"] == {"$ref": "#/components/schemas/Tree"}


def test_a_schema_is_the_callers_to_change() -> None:
    schema_of(str, {})["type"] = "changed"
    assert schema_of(str, {}) == {"type": "string"}


@pytest.mark.parametrize(
    ("rule", "path", "schemas"),
    [
        ("/report", "/report", []),
        (f"/alerts/<{ID}:alert_id>", "/alerts/{alert_id}", [{"type": "integer"}]),
        ("/pairs/<uuid:id>", "/pairs/{id}", [{"type": "string", "format": "uuid"}]),
        ("/a/<b>/c/<int:d>", "/a/{b}/c/{d}", [{"type": "string"}, {"type": "integer"}]),
    ],
)
def test_paths_of_rules(rule: str, path: str, schemas: list[Any]) -> None:
    found, parameters = path_of(rule)
    assert found == path
    assert [one["schema"] for one in parameters] == schemas
    assert all(one["required"] and one["in"] == "path" for one in parameters)


@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), max_size=4))
def test_a_rule_without_parameters_is_its_path(parts: list[str]) -> None:
    rule = "/" + "/".join(parts)
    assert path_of(rule) == (rule, [])
