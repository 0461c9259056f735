"""The body of a chat request as typed values."""

from typing import Any

import pytest

from tierwatch.wire.chat import OPENAI, Extras, Sampling, Tool, Unknown
from tierwatch.wire.openai_chat.read_request import read_request, tool_name

FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object"}}


@pytest.mark.parametrize(
    ("said", "sampling"),
    [
        ({"max_tokens": 7}, Sampling(max_tokens=7)),
        ({"max_tokens": 7, "max_completion_tokens": 9}, Sampling(max_tokens=9)),
        ({"max_completion_tokens": 0, "max_tokens": 7}, Sampling(max_tokens=7)),
        ({"stop": "END"}, Sampling(stop=("END",))),
        ({"stop": ["a", ""]}, Sampling(stop=("a",))),
        ({"stop": None, "temperature": None}, Sampling()),
        ({"temperature": 0, "top_p": 0.5}, Sampling(temperature=0, top_p=0.5)),
    ],
)
def test_how_the_answer_is_drawn(said: dict[str, Any], sampling: Sampling) -> None:
    assert read_request(said).sampling == sampling


@pytest.mark.parametrize(
    ("said", "user", "extras"),
    [
        ({"user": "u"}, "u", {}),
        ({"safety_identifier": "s"}, "s", {"safety_identifier": "s"}),
        ({"user": "u", "safety_identifier": "s"}, "u", {"safety_identifier": "s"}),
        ({"user": ""}, None, {"user": ""}),
        ({"user": 5}, None, {"user": 5}),
    ],
)
def test_whom_the_caller_asks_for(said: dict[str, Any], user: str | None, extras: Any) -> None:
    request = read_request(said)
    assert (request.user, request.extras) == (user, Extras(OPENAI, extras))


@pytest.mark.parametrize(
    ("said", "tier"),
    [("auto", "auto"), ("default", "standard"), ("flex", None), (None, None), (["auto"], None)],
)
def test_tiers_that_another_wire_knows(said: Any, tier: str | None) -> None:
    request = read_request({"service_tier": said})
    assert request.service_tier == tier
    assert request.extras.fields == ({} if tier else {"service_tier": said})


def test_tools_that_the_provider_runs_are_kept_as_they_were_said() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    strict = {"type": "function", "function": {"name": "g", "strict": True}}
    request = read_request({"tools": [{"type": "function", "function": FUNCTION}, search, strict]})
    assert request.tools == (
        Tool("f", "d", {"type": "object"}, Extras(OPENAI)),
        Unknown(OPENAI, search),
        Tool("g", None, None, Extras(OPENAI, {"function": {"strict": True}})),
    )


@pytest.mark.parametrize(
    ("said", "mode", "name", "allowed"),
    [
        ("required", "required", "", None),
        ("nonsense", None, "", None),
        ({"type": "function", "function": {"name": "f"}}, "tool", "f", None),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"function": {"name": "f"}}]},
            },
            "auto",
            "",
            frozenset({"f"}),
        ),
    ],
)
def test_choices_of_tools(said: Any, mode: Any, name: str, allowed: Any) -> None:
    choice = read_request({"tool_choice": said}).tool_choice
    assert choice is not None
    assert (choice.mode, choice.name, choice.allowed) == (mode, name, allowed)
    assert choice.said.fields == {"tool_choice": said}


@pytest.mark.parametrize(
    ("said", "schema"),
    [
        ({"type": "json_object"}, None),
        ({"type": "json_schema", "json_schema": {"name": "n", "schema": {"a": 1}}}, {"a": 1}),
        ({"type": "json_schema"}, {}),
    ],
)
def test_json_that_was_asked_for(said: dict[str, Any], schema: Any) -> None:
    wanted = read_request({"response_format": said}).answer_format
    assert wanted is not None
    assert wanted.schema == schema


@pytest.mark.parametrize("said", [{"type": "text"}, None, "json", {"type": ["json_object"]}])
def test_other_formats_are_words(said: Any) -> None:
    request = read_request({"response_format": said})
    assert request.answer_format is None
    assert request.extras.fields == {"response_format": said}


@pytest.mark.parametrize(
    ("tool", "name"),
    [({"function": {"name": "f"}}, "f"), ({"name": "g"}, "g"), ({"function": 5}, ""), ({}, "")],
)
def test_a_tool_has_one_name(tool: dict[str, Any], name: str) -> None:
    assert tool_name(tool) == name
