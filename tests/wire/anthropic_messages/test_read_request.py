"""The body of ``POST /v1/messages`` as typed values."""

from typing import Any

import pytest

from tierwatch.wire.anthropic_messages.read_request import read_request
from tierwatch.wire.chat import ANTHROPIC, Extras, Sampling, Text, Tool, Unknown


def test_how_the_answer_is_drawn() -> None:
    body = {"max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "stop_sequences": ["a"]}
    request = read_request(body | {"top_k": 3})
    assert request.sampling == Sampling(9, 0.5, 0.9, ("a",))
    assert request.extras == Extras(ANTHROPIC, {"top_k": 3})


@pytest.mark.parametrize(
    ("system", "texts", "plain"),
    [
        ("Be brief.", ["Be brief."], True),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], ["a", "b"], False),
        ([], [], False),
    ],
)
def test_instructions_stand_apart(system: Any, texts: list[str], *, plain: bool) -> None:
    instructions = read_request({"system": system}).instructions
    assert instructions is not None
    found = [part.text for part in instructions.parts if isinstance(part, Text)]
    assert (found, instructions.plain, instructions.role) == (texts, plain, "system")
    assert read_request({}).instructions is None


@pytest.mark.parametrize(
    ("metadata", "user", "extras"),
    [
        ({"user_id": "u"}, "u", {}),
        ({"user_id": "u", "trace": "t"}, "u", {"metadata": {"trace": "t"}}),
        ({"user_id": None}, None, {"metadata": {"user_id": None}}),
        ("x", None, {"metadata": "x"}),
    ],
)
def test_whom_the_caller_asks_for(metadata: Any, user: str | None, extras: Any) -> None:
    request = read_request({"metadata": metadata})
    assert (request.user, request.extras.fields) == (user, extras)


def test_tools_that_the_provider_runs_are_kept_as_they_were_said() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    mark = {"cache_control": {"type": "ephemeral"}}
    own = {"name": "f", "input_schema": {"type": "object"}, "type": "custom", **mark}
    assert read_request({"tools": [search, own]}).tools == (
        Unknown(ANTHROPIC, search),
        Tool("f", None, {"type": "object"}, Extras(ANTHROPIC, {"type": "custom", **mark})),
    )


@pytest.mark.parametrize(
    ("choice", "mode", "alone"),
    [
        ({"type": "any", "disable_parallel_tool_use": True}, "required", False),
        ({"type": "auto", "disable_parallel_tool_use": False}, "auto", None),
        ({"type": "tool", "name": "f"}, "tool", None),
        ({"type": "new"}, None, None),
        ({"type": "auto", "disable_parallel_tool_use": "yes"}, "auto", None),
    ],
)
def test_choices_of_tools(choice: dict[str, Any], mode: Any, alone: bool | None) -> None:  # noqa: FBT001 - three values
    request = read_request({"tool_choice": choice})
    assert request.tool_choice is not None
    assert (request.tool_choice.mode, request.parallel_calls) == (mode, alone)
    assert request.tool_choice.said.fields == choice


@pytest.mark.parametrize(
    ("config", "schema", "extras"),
    [
        ({"format": {"type": "json_schema", "schema": {"a": 1}}}, {"a": 1}, {}),
        (
            {"format": {"type": "json_schema"}, "effort": "low"},
            {},
            {"output_config": {"effort": "low"}},
        ),
    ],
)
def test_json_that_was_asked_for(config: dict[str, Any], schema: Any, extras: Any) -> None:
    request = read_request({"output_config": config})
    assert request.answer_format is not None
    assert (request.answer_format.schema, request.extras.fields) == (schema, extras)
    plain = read_request({"output_config": {"effort": "low"}})
    assert (plain.answer_format, plain.extras.fields) == (
        None,
        {"output_config": {"effort": "low"}},
    )


@pytest.mark.parametrize(
    ("said", "tier"), [("auto", "auto"), ("standard_only", "standard"), ("new", None), (5, None)]
)
def test_tiers_that_another_wire_knows(said: Any, tier: str | None) -> None:
    assert read_request({"service_tier": said}).service_tier == tier
