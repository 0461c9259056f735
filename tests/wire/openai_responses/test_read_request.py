"""Bodies of ``POST /v1/responses`` as typed requests."""

from typing import Any

import pytest

from tierwatch.wire.chat import OPENAI, Sampling, Text, Unknown
from tierwatch.wire.openai_responses.read_request import read_request
from tierwatch.wire.wires import WIRES


def test_what_is_asked() -> None:
    request = read_request(
        {
            "model": "m",
            "instructions": "Be brief.",
            "input": "Hi",
            "max_output_tokens": 9,
            "temperature": 0.5,
            "top_p": 0.1,
            "stream": True,
            "parallel_tool_calls": False,
            "user": "u",
            "service_tier": "default",
            "store": False,
        }
    )
    assert request.model == "m"
    assert request.instructions is not None
    assert [part.text for part in request.instructions.parts if isinstance(part, Text)] == [
        "Be brief."
    ]
    [turn] = request.turns
    assert (turn.role, turn.plain) == ("user", True)
    assert request.sampling == Sampling(9, 0.5, 0.1)
    assert (request.stream, request.parallel_calls) == (True, False)
    assert (request.user, request.service_tier) == ("u", "standard")
    assert request.extras.fields["store"] is False


@pytest.mark.parametrize(
    ("choice", "mode", "name"),
    [
        ("auto", "auto", ""),
        ("required", "required", ""),
        ("none", "none", ""),
        ({"type": "function", "name": "f"}, "tool", "f"),
        ({"type": "custom", "name": "patch"}, "tool", "patch"),
        ({"type": "function", "name": "sleep", "namespace": "clock"}, "tool", "clock__sleep"),
        ({"type": "web_search"}, None, ""),
        ({"type": "mcp", "server_label": "x"}, None, ""),
        (7, None, ""),
    ],
)
def test_choices_of_tools(choice: Any, mode: str | None, name: str) -> None:
    read = read_request({"tool_choice": choice}).tool_choice
    assert read is not None
    assert (read.mode, read.name, read.allowed) == (mode, name, None)


def test_a_choice_may_allow_some_tools_alone() -> None:
    tools = [{"type": "function", "name": "f"}, {"type": "custom", "name": "g"}]
    said = {"type": "allowed_tools", "mode": "required", "tools": tools}
    read = read_request({"tool_choice": said}).tool_choice
    assert read is not None
    assert (read.mode, read.allowed) == ("required", frozenset({"f", "g"}))
    assert read_request({}).tool_choice is None


@pytest.mark.parametrize(
    ("wanted", "schema", "more"),
    [
        ({"type": "json_object"}, None, {}),
        (
            {"type": "json_schema", "name": "n", "strict": True, "schema": {"type": "object"}},
            {"type": "object"},
            {"name": "n", "strict": True},
        ),
    ],
)
def test_json_may_be_asked_for(wanted: Any, schema: Any, more: Any) -> None:
    request = read_request({"text": {"format": wanted, "verbosity": "low"}})
    assert request.answer_format is not None
    assert (request.answer_format.schema, request.answer_format.extras.fields) == (schema, more)
    assert request.extras.fields["text"] == {"verbosity": "low"}
    assert read_request({"text": {"format": {"type": "text"}}}).answer_format is None


@pytest.mark.parametrize("name", ["conversation", "prompt", "previous_response_id"])
def test_words_that_are_kept_elsewhere_are_a_turn_that_no_other_wire_can_say(name: str) -> None:
    body = {"model": "m", "input": "Go on.", name: "id_1"}
    request = read_request(body)
    assert [type(part) for part in request.turns[0].parts] == [Unknown]
    assert WIRES["responses"].write_request(request).request == body
    assert not read_request({"input": "x", name: None}).turns[0].extras.fields


def test_effort_is_found_where_the_other_wires_look_for_it() -> None:
    request = read_request({"model": "m", "input": "x", "reasoning": {"effort": "high"}})
    assert WIRES[OPENAI].write_request(request).request["reasoning_effort"] == "high"
    same = WIRES["responses"].write_request(request).request
    assert same == {"model": "m", "input": "x", "reasoning": {"effort": "high"}}


@pytest.mark.parametrize("given", [None, 7, [], [7], {"a": 1}])
def test_an_input_that_is_none_has_no_turns(given: Any) -> None:
    assert read_request({"input": given}).turns == ()
