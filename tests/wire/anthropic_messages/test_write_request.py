"""A typed request as the body of ``POST /v1/messages``."""

from typing import Any

import pytest

from tierwatch.errors import ProviderError
from tierwatch.wire.anthropic_messages.read_request import read_request
from tierwatch.wire.anthropic_messages.write_request import DEFAULT_MAX_TOKENS, write_request
from tierwatch.wire.chat import (
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

THERE = Extras(OPENAI)
ASKED = Turn("user", (Text("q", THERE),), plain=True, extras=THERE)
REQUEST = ChatRequest("m", (ASKED,), THERE)
BODY: dict[str, Any] = {
    "model": "m",
    "max_tokens": DEFAULT_MAX_TOKENS,
    "messages": [{"role": "user", "content": "q"}],
}
TOOL = Tool("f", "d", None, Extras(OPENAI, {"cache_control": {"type": "ephemeral"}}))
EMPTY_SCHEMA = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("sampling", "written"),
    [
        (Sampling(), {}),
        (Sampling(max_tokens=9), {"max_tokens": 9}),
        (Sampling(max_tokens=0), {}),
        (Sampling(temperature=1.7, top_p=0.5), {"temperature": 1.0}),
        (Sampling(top_p=0.5), {"top_p": 0.5}),
        (Sampling(stop=("a", " \n")), {"stop_sequences": ["a"]}),
        (Sampling(stop=(" ",)), {}),
    ],
)
def test_how_another_wires_answer_is_drawn(sampling: Sampling, written: dict[str, Any]) -> None:
    assert write_request(REQUEST._replace(sampling=sampling)).request == BODY | written


def test_its_own_temperature_stands_beside_its_own_top_p() -> None:
    body = BODY | {"temperature": 0.5, "top_p": 0.9}
    assert write_request(read_request(body)).request == body


def test_a_tool_has_a_schema_even_without_parameters() -> None:
    out = write_request(REQUEST._replace(tools=(TOOL,))).request
    mark = {"cache_control": {"type": "ephemeral"}}
    assert out["tools"] == [{"name": "f", "input_schema": EMPTY_SCHEMA, "description": "d", **mark}]


@pytest.mark.parametrize(
    ("mode", "parallel", "written"),
    [
        (None, None, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", False, {"type": "any", "disable_parallel_tool_use": True}),
        ("none", False, {"type": "none"}),
        ("tool", None, {"type": "tool", "name": "f"}),
    ],
)
def test_choices_of_another_wire(mode: Any, parallel: Any, written: Any) -> None:
    choice = None if mode is None else ToolChoice(mode, "f", None, THERE)
    request = REQUEST._replace(tools=(TOOL,), tool_choice=choice, parallel_calls=parallel)
    assert write_request(request).request.get("tool_choice") == written
    assert "tool_choice" not in write_request(request._replace(tools=())).request


def test_only_allowed_tools_are_offered() -> None:
    search = Unknown(OPENAI, {"type": "web_search_20250305", "name": "web_search"})
    choice = ToolChoice("auto", "", frozenset({"web_search"}), THERE)
    out = write_request(REQUEST._replace(tools=(TOOL, search), tool_choice=choice)).request
    assert out["tools"] == [search.said]


def test_tools_with_free_text_input_are_refused() -> None:
    custom = Unknown(OPENAI, {"type": "custom", "custom": {"name": "c"}})
    with pytest.raises(ProviderError, match="free-text input") as caught:
        write_request(REQUEST._replace(tools=(custom,)))
    assert caught.value.kind == "refused"


@pytest.mark.parametrize("schema", [None, {"type": "object"}])
def test_json_is_asked_for_in_words_after_the_system_prompt(schema: Any) -> None:
    system = Turn("system", (Text("Be brief.", THERE),), plain=True, extras=THERE)
    request = REQUEST._replace(turns=(system, ASKED), answer_format=AnswerFormat(schema, THERE))
    out, fitted = write_request(request)
    assert "response_format->system" in fitted
    before, asked = out["system"].split("\n\n", 1)
    assert before == "Be brief."
    assert asked.startswith("Answer with one JSON ")
    assert asked.endswith("nothing else." if schema is None else '{"type":"object"}')


def test_a_system_prompt_with_a_mark_stays_a_list() -> None:
    marked = Text("long", Extras(OPENAI, {"cache_control": {"type": "ephemeral"}}))
    system = Turn("system", (marked,), plain=False, extras=THERE)
    out = write_request(REQUEST._replace(turns=(system, ASKED))).request
    assert [block["text"] for block in out["system"]] == ["long"]
    own = BODY | {"system": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    assert write_request(read_request(own)).request == own


def test_turns_alternate_and_none_is_empty() -> None:
    silent = Turn("assistant", (Text("", THERE),), plain=True, extras=THERE)
    out = write_request(REQUEST._replace(turns=(ASKED, silent, ASKED))).request
    [joined] = out["messages"]
    assert [block["text"] for block in joined["content"]] == ["q", "q"]


def test_ids_of_another_provider_are_replaced_on_both_sides() -> None:
    call = ToolCall("functions.f:0", "f", "{}", THERE)
    asks = Turn("assistant", (call,), plain=False, extras=THERE)
    result = ToolResult("functions.f:0", (Text("x", THERE),), plain=True, extras=THERE)
    given = Turn("tool", (result,), plain=True, extras=THERE)
    out = write_request(REQUEST._replace(turns=(ASKED, asks, given))).request
    [use], [answer] = (message["content"] for message in out["messages"][1:])
    assert use["id"] == answer["tool_use_id"]
    assert "." not in use["id"]


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ({"top_k": 3, "thinking": {"type": "adaptive"}}, True),
        ({"output_config": {"effort": "low"}}, True),
        ({"seed": 3, "logit_bias": {}, "metadata": {"a": "b"}}, False),
        ({"top_k": None}, False),
    ],
)
def test_fields_of_another_wire_are_taken_where_this_one_knows_them(
    said: dict[str, Any], *, taken: bool
) -> None:
    out = write_request(REQUEST._replace(extras=Extras(OPENAI, said))).request
    limit = {"max_tokens": 16_384} if said.get("thinking") else {}  # thought counts as well
    assert out == (BODY | said | limit if taken else BODY)


def test_who_asks_stands_beside_the_metadata_of_this_wire() -> None:
    body = BODY | {"metadata": {"user_id": "u", "trace": "t"}}
    assert write_request(read_request(body)).request == body
    assert write_request(REQUEST._replace(user="u")).request["metadata"] == {"user_id": "u"}
