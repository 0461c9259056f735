"""JSON of other people's programs, read as what it should be."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.json_values import json_text, mapping, objects, rest, string

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_a_value_is_itself_or_empty(value: Any) -> None:
    assert string(value) == (value if isinstance(value, str) else "")
    assert mapping(value) == (value if isinstance(value, dict) else {})
    assert all(isinstance(one, dict) for one in objects(value))


@pytest.mark.parametrize(
    ("value", "found"),
    [([{"a": 1}, "x", None, [], {}], [{"a": 1}, {}]), ({"a": 1}, []), ("[{}]", []), (None, [])],
)
def test_objects_are_those_of_a_list(value: Any, found: list[Any]) -> None:
    assert objects(value) == found


def test_the_rest_is_what_is_not_known_and_the_value_stays() -> None:
    value = {"a": 1, "b": 2}
    assert rest(value, frozenset({"a", "c"})) == {"b": 2}
    assert value == {"a": 1, "b": 2}


@given(JSON)
def test_compact_json_says_the_same(value: Any) -> None:
    assert json.loads(json_text(value)) == value


def test_compact_json_has_no_spaces_and_keeps_letters_and_half_a_pair() -> None:
    assert json_text({"a": ["é", 1]}) == '{"a":["é",1]}'
    assert json_text("\ud800") == '"\ud800"'
