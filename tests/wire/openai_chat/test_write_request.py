"""A typed request as the body of a chat request."""

from typing import Any

import pytest

from tierwatch.wire.chat import (
    ANTHROPIC,
    OPENAI,
    AnswerFormat,
    ChatRequest,
    Extras,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
    Unknown,
)
from tierwatch.wire.openai_chat.read_request import read_request
from tierwatch.wire.openai_chat.write_request import write_request

THERE = Extras(ANTHROPIC)
ASKED = Turn("user", (Text("q", THERE),), plain=True, extras=THERE)
REQUEST = ChatRequest("m", (ASKED,), THERE)
BODY = {"model": "m", "messages": [{"role": "user", "content": "q"}]}
TOOL = Tool("f", None, {"type": "object"}, THERE)
PARAMETERS = {"type": "object", "properties": {}}  # OpenAI refuses an object without
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": PARAMETERS}}


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ({}, {}),
        ({"sampling": Sampling(max_tokens=9)}, {"max_completion_tokens": 9}),
        ({"sampling": Sampling(0, 0.0, 1.0)}, {"temperature": 0.0, "top_p": 1.0,
                                               "max_completion_tokens": 0}),
        ({"sampling": Sampling(stop=("a",))}, {"stop": ["a"]}),
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
        ({"stream": False}, {"stream": False}),
        ({"user": "u", "service_tier": "standard"}, {"user": "u", "service_tier": "default"}),
        ({"tools": (TOOL,)}, {"tools": [FUNCTION]}),
        ({"tools": (Unknown(ANTHROPIC, {"type": "web_search_20250305"}),)}, {}),
        ({"tools": (TOOL,), "parallel_calls": False},
         {"tools": [FUNCTION], "parallel_tool_calls": False}),
        ({"parallel_calls": False}, {}),  # without tools it would be refused
    ],
)  # fmt: skip
def test_what_another_wire_asked(said: dict[str, Any], written: dict[str, Any]) -> None:
    assert write_request(REQUEST._replace(**said)).request == BODY | written


@pytest.mark.parametrize(
    ("mode", "name", "written"),
    [
        ("auto", "", "auto"),
        ("required", "", "required"),
        ("tool", "f", {"type": "function", "function": {"name": "f"}}),
    ],
)
def test_choices_of_another_wire(mode: Any, name: str, written: Any) -> None:
    choice = ToolChoice(mode, name, None, THERE)
    out = write_request(REQUEST._replace(tools=(TOOL,), tool_choice=choice)).request
    assert out["tool_choice"] == written


def test_fields_of_another_wire_are_taken_where_this_one_knows_them() -> None:
    extras = Extras(ANTHROPIC, {"seed": 3, "reasoning_effort": None, "top_k": 4, "metadata": {}})
    assert write_request(REQUEST._replace(extras=extras)).request == BODY | {"seed": 3}


def test_a_schema_of_another_wire_gets_the_name_that_this_one_demands() -> None:
    wanted = AnswerFormat({"type": "object"}, THERE)
    named = {"name": "answer", "schema": {"type": "object"}}
    out = write_request(REQUEST._replace(answer_format=wanted)).request
    assert out["response_format"] == {"type": "json_schema", "json_schema": named}


@pytest.mark.parametrize("parts", [(), (Text("", THERE),)])
def test_empty_instructions_are_no_message(parts: tuple[Text, ...]) -> None:
    system = Turn("system", parts, plain=False, extras=THERE)
    assert write_request(REQUEST._replace(instructions=system)).request == BODY


@pytest.mark.parametrize(
    "body",
    [
        BODY | {"max_tokens": 7},  # the name that the caller chose
        BODY | {"max_completion_tokens": 7},
        BODY | {"safety_identifier": "s"},
        BODY | {"stream": True},  # no usage that was not asked for
        BODY | {"tools": [{"type": "custom", "custom": {"name": "c"}}], "tool_choice": "odd"},
        BODY | {"response_format": {"type": "json_object"}, "logit_bias": {"5": 1}},
    ],
)
def test_its_own_body_is_written_as_it_was_read(body: dict[str, Any]) -> None:
    request = read_request(body)
    assert request.extras.wire == OPENAI
    assert write_request(request).request == body


def test_a_changed_limit_is_the_one_that_is_written() -> None:
    request = read_request(BODY | {"max_tokens": 7})._replace(sampling=Sampling(max_tokens=5))
    assert write_request(request).request["max_completion_tokens"] == 5


def test_another_wires_long_ids_of_calls_are_cut_to_what_openai_takes() -> None:
    nothing = Extras(ANTHROPIC)
    call = ToolCall("c" * 50, "f", "{}", nothing)
    result = ToolResult("c" * 50, (Text("sunny", nothing),), plain=True, extras=nothing)
    turns = (
        Turn("assistant", (call,), plain=False, extras=nothing),
        Turn("user", (result,), plain=False, extras=nothing),
    )
    out = write_request(REQUEST._replace(turns=turns, extras=nothing)).request
    [cut] = out["messages"][0]["tool_calls"]
    assert len(cut["id"]) <= 40
    assert out["messages"][1]["tool_call_id"] == cut["id"]
