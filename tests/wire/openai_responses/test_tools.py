"""Tools in name spaces and of free text, as functions and back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.chat import ANTHROPIC, OPENAI, RESPONSES, Extras, Tool, Unknown
from tierwatch.wire.openai_responses.tools import (
    Called,
    called_by,
    flat_name,
    names_in,
    read_input,
    read_tools,
    write_input,
    write_tools,
)

SCHEMA = {"type": "object", "properties": {"seconds": {"type": "integer"}}}
SLEEP = {"type": "function", "name": "sleep", "description": "Waits.", "parameters": SCHEMA}
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: LINE+"}
PATCH = {"type": "custom", "name": "apply_patch", "description": "Edits.", "format": GRAMMAR}
CLOCK = {"type": "namespace", "name": "clock", "description": "Time.", "tools": [SLEEP, PATCH]}
SEARCH = {"type": "web_search", "external_web_access": False}


def tool(request: dict[str, Any]) -> Tool:
    [read] = read_tools(request)
    assert isinstance(read, Tool)
    return read


def test_a_function_is_one() -> None:
    read = tool({"tools": [SLEEP]})
    assert (read.name, read.description, read.parameters) == ("sleep", "Waits.", SCHEMA)


def test_a_tool_of_free_text_is_a_function_with_one_field_and_its_grammar_in_words() -> None:
    read = tool({"tools": [PATCH]})
    assert read.name == "apply_patch"
    assert read.description is not None
    assert read.description.startswith("Edits.")
    assert "lark grammar:\nstart: LINE+" in read.description
    assert read.parameters is not None
    assert list(read.parameters["properties"]) == read.parameters["required"] == ["input"]
    assert tool({"tools": [{"type": "custom", "name": "free"}]}).description == ""


def test_a_name_space_is_a_function_for_each_of_its_tools() -> None:
    names = [one.name for one in read_tools({"tools": [CLOCK]}) if isinstance(one, Tool)]
    assert names == ["clock__sleep", "clock__apply_patch"]
    assert called_by({"tools": [CLOCK, PATCH, SLEEP]}) == {
        "clock__sleep": Called("sleep", "clock"),
        "clock__apply_patch": Called("apply_patch", "clock", custom=True),
        "apply_patch": Called("apply_patch", custom=True),
    }


def test_tools_among_the_items_are_tools_and_are_not_listed_twice() -> None:
    more = {"type": "additional_tools", "role": "developer", "tools": [CLOCK, SEARCH]}
    request = {"tools": [PATCH], "input": [more, {"role": "user", "content": "Hi"}]}
    tools = read_tools(request)
    assert [one.name for one in tools if isinstance(one, Tool)] == [
        "apply_patch",
        "clock__sleep",
        "clock__apply_patch",
    ]
    assert write_tools(tools, []) == [PATCH]
    assert called_by(request)["clock__sleep"] == Called("sleep", "clock")


@pytest.mark.parametrize(
    "said",
    [
        SEARCH,
        {"type": "namespace", "name": "empty"},
        {"type": "namespace", "name": "odd", "tools": [SEARCH]},
        {"type": "function"},
        {"type": "custom", "name": 7},
        {},
    ],
)
def test_what_is_no_function_is_for_its_provider_alone(said: dict[str, Any]) -> None:
    assert read_tools({"tools": [said]}) == (Unknown(RESPONSES, said, for_issuer=True),)
    assert write_tools(read_tools({"tools": [said]}), []) == [said]
    assert called_by({"tools": [said]}) == {}


def test_strictness_is_passed_on_where_it_was_asked_for() -> None:
    assert tool({"tools": [{**SLEEP, "strict": True}]}).extras.fields["strict"] is True
    assert "strict" not in tool({"tools": [SLEEP]}).extras.fields


def test_tools_of_other_wires_are_functions_that_are_held_to_nothing_unasked() -> None:
    plain = Tool("sleep", None, SCHEMA, Extras(ANTHROPIC))
    strict = Tool("sleep", "Waits.", SCHEMA, Extras(OPENAI, {"function": {"strict": True}}))
    assert write_tools([plain, strict], []) == [
        {"type": "function", "name": "sleep", "parameters": SCHEMA, "strict": False},
        {**SLEEP, "strict": True},
    ]


def test_a_custom_tool_of_chat_completions_keeps_its_grammar() -> None:
    grammar = {"syntax": "lark", "definition": "start: LINE+"}
    custom = {"name": "free", "format": {"type": "grammar", "grammar": grammar}}
    said = Unknown(OPENAI, {"type": "custom", "custom": custom})
    assert write_tools([said], []) == [{"type": "custom", "name": "free", "format": GRAMMAR}]
    plain = Unknown(OPENAI, {"type": "custom", "custom": {"name": "free"}})
    assert write_tools([plain], []) == [{"type": "custom", "name": "free"}]
    notes: list[str] = []
    assert write_tools([Unknown(ANTHROPIC, {"type": "web_search_20250305"})], notes) == []
    assert notes == ["-tools.web_search_20250305"]


@given(name=st.text(min_size=1), space=st.text(min_size=1))
def test_a_name_within_a_space_is_one_that_every_vendor_takes(name: str, space: str) -> None:
    flat = flat_name(name, space)
    assert 0 < len(flat) <= 64
    assert all(char.isascii() and (char.isalnum() or char in "_-") for char in flat)
    assert flat == flat_name(name, space) != flat_name(name, space + "x")
    assert flat_name(name, "") == name


@given(text=st.text())
def test_free_text_comes_back_from_the_arguments(text: str) -> None:
    assert read_input(write_input(text)) == text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("", ""),
        ("ls -l", "ls -l"),
        ('"ls"', "ls"),
        ('{"patch": "x"}', "x"),  # a model that calls the field by another name
        ('{"a": "x", "b": "y"}', '{"a": "x", "b": "y"}'),
        ('{"input": 7}', '{"input": 7}'),
        ("[1]", "[1]"),
        ('{"input": "a\nb"}', "a\nb"),  # a line break that a model did not escape
        ('{"input": "x', '{"input": "x'),
    ],
)
def test_free_text_is_found_in_what_models_make_of_it(arguments: str, text: str) -> None:
    assert read_input(arguments) == text


def test_a_choice_names_functions() -> None:
    tools = [{"type": "function", "name": "sleep", "namespace": "clock"}, {"type": "mcp"}]
    assert list(names_in({"tools": tools})) == ["clock__sleep", ""]
    assert list(names_in({})) == []
    assert json.loads(write_input("a")) == {"input": "a"}
