"""JSON schemas as another wire's provider takes them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.crossing.schemas import is_closed, is_strict, with_properties, with_type

TEXT = {"type": "string"}


def closed(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    names = list(properties) if required is None else required
    return {
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (closed(city=TEXT), True),
        (closed([], city=TEXT), False),
        (closed(where=closed(city=TEXT)), True),
        (closed(where=closed([], city=TEXT)), False),
        (closed(where={"type": "array", "items": closed([], city=TEXT)}), False),
        (closed(where={"anyOf": [TEXT, closed([], city=TEXT)]}), False),
        ({**closed(where={"$ref": "#/$defs/w"}), "$defs": {"w": closed([], city=TEXT)}}, False),
        (closed(properties=TEXT, items=TEXT, type=TEXT), True),
        (TEXT, True),
    ],
)
def test_strict_is_where_every_property_is_demanded(
    schema: dict[str, Any], *, strict: bool
) -> None:
    assert is_strict(schema) is strict
    assert is_closed(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"properties": {"city": TEXT}},
        {**closed(city=TEXT), "additionalProperties": True},
        {**closed(city=TEXT), "additionalProperties": TEXT},
        {**closed(city=TEXT), "type": ["object", "null"], "additionalProperties": {}},
        closed(city={"type": "object"}),
        closed(city={"allOf": [TEXT]}),
        closed(city={"not": TEXT}),
    ],
)
def test_a_schema_is_open_where_other_properties_may_stand(schema: dict[str, Any]) -> None:
    assert not is_closed(schema)
    assert not is_strict(schema)


def test_a_schema_that_is_nested_without_end_is_open() -> None:
    schema = closed()
    for _ in range(500):
        schema = closed(inner=schema)
    assert not is_closed(schema)


JUNK = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "required", "items", "anyOf", "$defs"]), inner
        )
    ),
    max_leaves=8,
)


@given(JUNK)
def test_junk_never_breaks_it(schema: Any) -> None:
    assert is_strict(schema) <= is_closed(schema)


def test_parameters_of_openais_name_their_properties() -> None:
    assert with_properties({}) == with_properties({"type": "object"})
    assert with_properties({"type": "object", "properties": None})["properties"] == {}
    for whole in (closed(city=TEXT), {"type": "string"}, {"$ref": "x"}):
        assert with_properties(whole) is whole


def test_parameters_of_anthropics_are_objects() -> None:
    assert with_type({"properties": {}}) == {"properties": {}, "type": "object"}
    assert with_type({"type": None}) == {"type": "object"}
    whole = closed(city=TEXT)
    assert with_type(whole) is whole
