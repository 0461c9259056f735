import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.judges.answer_form import (
    NOT_JSON,
    call_breach,
    json_breach,
    read_json,
)

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "required": ["city"],
            "properties": {"city": {"type": "string"}},
        },
    },
}
SHELL = {"type": "custom", "custom": {"name": "shell"}}
BARE = {"type": "function", "function": {"name": "now"}}
OBJECT = {"type": "json_object"}


def schema(said: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": said}}


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", "{'a': 1}", "NaN", "[Infinity]", "1 2", "[" * 100_000, "9" * 5_000, "```{}```"],
)
def test_what_is_no_json_is_told_from_null(text: str) -> None:
    assert read_json(text) is NOT_JSON
    assert read_json("null") is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=8,
    )
)
def test_json_is_read_as_it_was_written(value: Any) -> None:
    assert read_json(json.dumps(value)) == value
    assert json_breach(value, schema({})) == ""


@pytest.mark.parametrize(
    ("value", "asked", "breach"),
    [
        (NOT_JSON, OBJECT, "the text is not valid JSON."),
        (NOT_JSON, schema({}), "the text is not valid JSON."),
        ({}, OBJECT, ""),
        ([], OBJECT, "the JSON is not an object."),
        (None, OBJECT, "the JSON is not an object."),
        ({"a": 1}, {"type": "json_schema"}, ""),  # a schema that was not sent asks for nothing
        ({"a": 1}, {"type": "json_schema", "json_schema": None}, ""),
        ({"a": 1}, schema({"required": ["a"]}), ""),
    ],
)
def test_the_form_that_was_asked_for(value: Any, asked: dict[str, Any], breach: str) -> None:
    assert json_breach(value, asked) == breach


def test_a_breach_of_the_schema_is_a_sentence() -> None:
    breach = json_breach({}, schema({"type": "object", "required": ["a"]}))
    assert "a" in breach
    assert breach.endswith(".")
    assert not breach.endswith("..")


@pytest.mark.parametrize(
    ("calls", "breach"),
    [
        ([], ""),
        ([("weather", '{"city": "Oslo"}')], ""),
        ([("weather", "{}")], "in the arguments of 'weather'"),
        ([("weather", '{"city": 7}')], "in the arguments of 'weather'"),
        ([("weather", "")], "in the arguments of 'weather'"),  # nothing is an empty object
        ([("weather", "[]")], "are not a JSON object."),
        ([("weather", "city=Oslo")], "are not a JSON object."),
        ([("wether", '{"city": "Oslo"}')], "tool 'wether' was not offered."),
        ([("shell", "rm -rf / # free text")], ""),
        ([("now", "")], ""),
        ([("now", '{"anything": 1}')], ""),
        ([("weather", '{"city": "Oslo"}'), ("nobody", "{}")], "tool 'nobody' was not offered."),
    ],
)
def test_calls_that_can_and_that_cannot_be_carried_out(
    calls: list[tuple[str, str]], breach: str
) -> None:
    found = call_breach(calls, [WEATHER, SHELL, BARE])
    assert breach in found
    assert bool(found) is bool(breach)


@pytest.mark.parametrize("tools", [None, [], [{"type": "web_search"}]])
def test_where_nothing_was_offered_no_call_can_be_carried_out(tools: list[Any] | None) -> None:
    assert call_breach([("weather", "{}")], tools) == "tool 'weather' was not offered."
    assert call_breach([], tools) == ""


def test_a_long_name_is_cut() -> None:
    assert len(call_breach([("x" * 5_000, "{}")], [])) < 120


@given(st.text(max_size=30), st.text(max_size=60))
def test_any_call_is_answered(name: str, arguments: str) -> None:
    assert isinstance(call_breach([(name, arguments)], [WEATHER, SHELL, BARE]), str)
