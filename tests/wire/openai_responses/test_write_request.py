"""Typed requests as bodies of ``POST /v1/responses``."""

from typing import Any

import pytest
from factories.wires import request_said

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import ANTHROPIC, OPENAI, RESPONSES
from tierwatch.wire.wires import WIRES

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def from_chat(**fields: Any) -> dict[str, Any]:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}
    return request_said(body, on=OPENAI, to=RESPONSES)


def from_messages(**fields: Any) -> dict[str, Any]:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}
    return request_said(body, on=ANTHROPIC, to=RESPONSES)


def test_a_chat_is_not_kept_by_the_provider_unasked() -> None:
    assert from_chat(max_completion_tokens=9, temperature=0, stream=True, user="u") == {
        "model": "m",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
        "max_output_tokens": 9,
        "temperature": 0,
        "stream": True,
        "user": "u",
        "store": False,
    }


def test_a_system_prompt_becomes_instructions() -> None:
    blocks = [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}]
    assert from_messages(system=blocks, max_tokens=9)["instructions"] == "Be brief.\n\nBe kind."


def test_tools_are_functions_and_may_be_chosen() -> None:
    tools = [{"name": "weather", "input_schema": SCHEMA}]
    said = from_messages(tools=tools, tool_choice={"type": "tool", "name": "weather"})
    assert said["tools"] == [
        {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": False}
    ]
    assert said["tool_choice"] == {"type": "function", "name": "weather"}
    assert from_messages(tools=tools, tool_choice={"type": "any"})["tool_choice"] == "required"
    assert "tool_choice" not in from_chat(tool_choice="auto")


def test_a_choice_between_some_tools_is_one() -> None:
    named = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
    only = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "weather"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": only}
    assert from_chat(tools=named, tool_choice=choice)["tool_choice"] == {
        "type": "allowed_tools",
        "mode": "auto",
        "tools": [{"type": "function", "name": "weather"}],
    }


def test_json_is_asked_for() -> None:
    assert from_chat(response_format={"type": "json_object"})["text"] == {
        "format": {"type": "json_object"}
    }
    named = {"name": "n", "schema": SCHEMA, "strict": True, "description": "A city."}
    said = from_chat(response_format={"type": "json_schema", "json_schema": named})
    assert said["text"]["format"] == {"type": "json_schema", **named}
    config = {"format": {"type": "json_schema", "schema": SCHEMA}}
    assert from_messages(output_config=config)["text"]["format"] == {
        "type": "json_schema",
        "name": "answer",
        "strict": False,
        "schema": SCHEMA,
    }


def test_effort_is_said_where_this_wire_has_it() -> None:
    assert from_chat(reasoning_effort="low")["reasoning"] == {"effort": "low"}


def test_a_strange_role_is_refused() -> None:
    with pytest.raises(ProviderError, match="no role 'oracle'") as caught:
        from_chat(messages=[{"role": "oracle", "content": "Hi"}])
    assert caught.value.kind == "refused"


def test_what_tools_show_follows_the_results_of_all_of_them() -> None:
    """A chat completion demands the results of one answer's calls together."""
    call = {"type": "function_call", "name": "view", "arguments": "{}"}
    image = {"type": "input_image", "image_url": "https://x.test/a.png"}
    shown = {"type": "function_call_output", "output": [image]}
    items = [
        {"role": "user", "content": "Look."},
        {**call, "call_id": "c1"},
        {**call, "call_id": "c2"},
        {**shown, "call_id": "c1"},
        {**shown, "call_id": "c2"},
    ]
    body = {"model": "m", "input": items}
    chat = request_said(body, on=RESPONSES, to=OPENAI)["messages"]
    assert [one["role"] for one in chat] == ["user", "assistant", "tool", "tool", "user"]
    assert [part["type"] for part in chat[-1]["content"]] == ["image_url", "image_url"]
    told = request_said(body, on=RESPONSES, to=ANTHROPIC)["messages"]
    assert [one["role"] for one in told] == ["user", "assistant", "user"]
    assert [block["tool_use_id"] for block in told[-1]["content"]] == ["c1", "c2"]
    assert request_said(body, on=RESPONSES, to=RESPONSES) == body


def test_what_this_wire_has_no_word_for_is_named() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    said = {"stop": ["END"], "seed": 3, "prompt_cache_key": "k", "n": 1, "reasoning_effort": "low"}
    typed = WIRES[OPENAI].read_request({**body, **said})
    written = WIRES[RESPONSES].write_request(typed)
    assert written.fitted == ("-stop", "-seed")
    assert written.request["prompt_cache_key"] == "k"
    assert "stop" not in written.request
