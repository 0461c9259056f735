"""Faults of form that a cascade rejects, and what looks like one and is none."""

from typing import Any

import pytest

from tierwatch.gateway.answer.answer_faults import structure_fault

SCHEMA = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
JSON = {"response_format": {"type": "json_object"}}
BY_SCHEMA = {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}}
TOOLS = {"tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}]}


def call(name: str = "f", arguments: str = '{"n": 1}') -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"content": None, "tool_calls": [{"type": "function", "function": function}]}


@pytest.mark.parametrize(
    ("message", "chat", "fault"),
    [
        ({"content": "Paris."}, {}, ""),
        ({"content": ""}, {}, "empty"),
        ({"content": " \n\t"}, {}, "empty"),
        ({"content": None}, {}, "empty"),
        ({"content": [{"type": "text", "text": ""}]}, {}, "empty"),
        ({"content": [{"type": "text", "text": "Paris."}]}, {}, ""),
        ({"content": None, "audio": {"id": "a"}}, {}, ""),
        ({"content": None, "refusal": "I cannot."}, {}, "refused"),
        ({"content": "I'm sorry, but I can't assist with that."}, {}, "refused"),
        ({"content": "I\u2019m sorry, but I can\u2019t help with that request."}, {}, "refused"),
        ({"content": "As an AI language model, I cannot provide medical advice."}, {}, "refused"),
        ({"content": "I cannot recommend this film enough."}, {}, ""),
        ({"content": "I'm sorry for your loss."}, {}, ""),
        ({"content": "He said: I can't help you."}, {}, ""),
        ({"content": "I can't help but wonder. " + "It goes on. " * 60}, {}, ""),
        ({"content": '{"n": 1}'}, JSON, ""),
        ({"content": "[1]"}, JSON, "wrong_json"),
        ({"content": '```json\n{"n": 1}\n```'}, JSON, "wrong_json"),
        ({"content": '{"n": NaN}'}, JSON, "wrong_json"),
        ({"content": '{"n": 1}'}, BY_SCHEMA, ""),
        ({"content": '{"n": "1"}'}, BY_SCHEMA, "wrong_json"),
        ({"content": "{}"}, BY_SCHEMA, "wrong_json"),
        ({"content": "no JSON"}, {"response_format": {"type": "text"}}, ""),
        ({"content": "no JSON"}, {"response_format": None}, ""),
        (call(), TOOLS, ""),
        (call(), TOOLS | JSON, ""),  # the form binds the final answer, not a call before it
        (call("g"), TOOLS, "wrong_call"),
        (call(arguments='{"n": 1'), TOOLS, "wrong_call"),
        (call(arguments='{"n": "1"}'), TOOLS, "wrong_call"),
        (call(arguments="[]"), TOOLS, "wrong_call"),
        (call(), {}, "wrong_call"),
        (call("search"), {"tools": [{"type": "web_search"}]}, ""),  # the provider runs it
        (
            {"content": "", "function_call": {"name": "f", "arguments": "{}"}},
            {"functions": [1]},
            "",
        ),
        ({"content": "Hm."}, TOOLS | {"tool_choice": "required"}, "no_call"),
        ({"content": "Hm."}, TOOLS | {"tool_choice": {"type": "function"}}, "no_call"),
        ({"content": "Hm."}, TOOLS | {"tool_choice": {"type": "allowed_tools"}}, ""),
        ({"content": "Hm."}, TOOLS | {"tool_choice": "auto"}, ""),
        ({"content": "```python\nx = 1\n```"}, {}, ""),
        ({"content": "```python\nx = 1"}, {}, "open_fence"),
        ({"content": "````md\n```\nx\n```\n````"}, {}, ""),
        ({"content": "~~~\n```\n~~~"}, {}, ""),
        ({"content": "```\na\n```\n\n```\nb"}, {}, "open_fence"),
        ({"content": "Write ```x``` inline."}, {}, ""),
        ({"content": "```x``` at the start of a line"}, {}, ""),
    ],
)
def test_a_fault_of_form(message: dict[str, Any], chat: dict[str, Any], fault: str) -> None:
    assert structure_fault(message, "stop", chat) == fault


@pytest.mark.parametrize(
    "chat",
    [
        {"response_format": {"type": ["json_object"]}},
        {"response_format": {"type": "json_schema"}},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {"$ref": "#"}}}},
        {"tool_choice": {"type": ["function"]}},
        {"tool_choice": ["required"]},
        {"tools": [{"type": ["function"]}, {}, {"function": "f"}]},
        {"tools": "f"},
    ],
)
def test_odd_requests_break_nothing(chat: dict[str, Any]) -> None:
    """A provider answered them, so the gateway must not fail them."""
    assert structure_fault({"content": '{"n": 1}'}, "stop", chat) == ""
    assert structure_fault(call(), "stop", chat) in {"", "wrong_call"}


@pytest.mark.parametrize(
    ("finish", "fault"),
    [("length", "cut"), ("content_filter", "refused"), ("stop", ""), (None, "")],
)
def test_why_the_model_stopped(finish: str | None, fault: str) -> None:
    assert structure_fault({"content": "Par"}, finish, {}) == fault
