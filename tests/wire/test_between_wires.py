"""Requests and replies between the two wires, checked against the types of both vendors' SDKs."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from anthropic.types import Message
from anthropic.types import message_create_params as anthropic_params
from factories.wires import (
    reply_to_anthropic,
    reply_to_openai,
    request_to_anthropic,
    request_to_openai,
)
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, completion_create_params
from pydantic import TypeAdapter

from tierwatch.errors import ProviderError

ANTHROPIC_REQUEST: TypeAdapter[Any] = TypeAdapter(anthropic_params.MessageCreateParamsNonStreaming)
OPENAI_REQUEST: TypeAdapter[Any] = TypeAdapter(
    completion_create_params.CompletionCreateParamsNonStreaming
)
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
OPENAI_CONVERSATION: dict[str, Any] = {
    "model": "claude-haiku-4-5",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                {"type": "text", "text": ""},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "t1",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city": "Rome"}'},
                },
                {
                    "id": "t2",
                    "type": "function",
                    "function": {"name": "weather", "arguments": ""},
                },
            ],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "t2", "content": [{"type": "text", "text": "rain"}]},
        {"role": "user", "content": "And now?"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {"name": "weather", "description": "d", "parameters": WEATHER},
        }
    ],
    "tool_choice": "required",
    "parallel_tool_calls": False,
    "max_completion_tokens": 99,
    "temperature": 1.7,
    "stop": "END",
    "user": "u-1",
    "service_tier": "default",
    "frequency_penalty": 0.4,
}


def test_a_conversation_goes_to_anthropic() -> None:
    out = request_to_anthropic(OPENAI_CONVERSATION)
    assert out == {
        "model": "claude-haiku-4-5",
        "max_tokens": 99,
        "system": "Be brief.\n\nBe kind.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
                    },
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Rome"}},
                    {"type": "tool_use", "id": "t2", "name": "weather", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": "sunny"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "t2",
                        "content": [{"type": "text", "text": "rain"}],
                    },
                    {"type": "text", "text": "And now?"},
                ],
            },
        ],
        "temperature": 1.0,
        "stop_sequences": ["END"],
        "tools": [{"name": "weather", "description": "d", "input_schema": WEATHER}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
        "metadata": {"user_id": "u-1"},
        "service_tier": "standard_only",
    }
    ANTHROPIC_REQUEST.validate_python(out)


def test_a_conversation_survives_there_and_back() -> None:
    back = request_to_openai(request_to_anthropic(OPENAI_CONVERSATION))
    OPENAI_REQUEST.validate_python(back)
    assert back["messages"][0] == {"role": "system", "content": "Be brief.\n\nBe kind."}
    assert back["messages"][1]["content"] == OPENAI_CONVERSATION["messages"][2]["content"][:3]
    calls = back["messages"][2]["tool_calls"]
    assert [json.loads(call["function"]["arguments"]) for call in calls] == [{"city": "Rome"}, {}]
    assert back["messages"][3:] == [
        {"role": "tool", "tool_call_id": "t1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "t2", "content": "rain"},
        {"role": "user", "content": [{"type": "text", "text": "And now?"}]},
    ]
    for key in ("tools", "tool_choice", "parallel_tool_calls", "user", "service_tier"):
        assert back[key] == OPENAI_CONVERSATION[key]
    assert (back["max_completion_tokens"], back["stop"]) == (99, ["END"])


def minimal(**more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "q"}], **more}


def test_what_is_not_asked_for_is_not_sent() -> None:
    assert request_to_anthropic(minimal()) == {**minimal(), "max_tokens": 4096}
    assert request_to_openai(minimal()) == minimal()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"temperature": 0, "top_p": 0.5}, {"temperature": 0}),
        ({"top_p": 0.5}, {"top_p": 0.5}),
        ({"max_tokens": 7}, {"max_tokens": 7}),
        ({"stop": ["a", " \n"]}, {"stop_sequences": ["a"]}),
        ({"tool_choice": "auto"}, {}),  # without tools it would be refused
        (
            {"response_format": {"type": "json_object"}},
            {"system": "Answer with one JSON object and nothing else."},
        ),
        (
            {"thinking": {"type": "adaptive"}, "top_k": 3},
            {"thinking": {"type": "adaptive"}, "top_k": 3, "max_tokens": 16_384},
        ),
    ],
)
def test_fields_for_anthropic(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert request_to_anthropic(minimal(**given)) == {
        **minimal(),
        "max_tokens": 4096,
        **expected,
    }


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ({"type": "function", "function": {"name": "a"}}, {"type": "tool", "name": "a"}),
    ],
)
def test_tool_choices_both_ways(choice: Any, expected: dict[str, Any]) -> None:
    tools = [{"type": "function", "function": {"name": "a", "parameters": WEATHER}}]
    out = request_to_anthropic(minimal(tools=tools, tool_choice=choice))
    assert out["tool_choice"] == expected
    assert request_to_openai(out)["tool_choice"] == choice


def test_allowed_tools_leave_out_the_others() -> None:
    tools = [{"type": "function", "function": {"name": name}} for name in "ab"]
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "b"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    out = request_to_anthropic(minimal(tools=tools, tool_choice=choice))
    assert [tool["name"] for tool in out["tools"]] == ["b"]
    assert out["tool_choice"] == {"type": "any"}


def test_a_schema_becomes_an_instruction_and_theirs_a_response_format() -> None:
    schema = {"type": "json_schema", "json_schema": {"name": "n", "schema": WEATHER}}
    system = request_to_anthropic(minimal(response_format=schema))["system"]
    assert json.loads(system.split("\n", 1)[1]) == WEATHER
    config = {"format": {"type": "json_schema", "schema": WEATHER}}
    out = request_to_openai(minimal(output_config=config))
    assert out["response_format"]["json_schema"]["schema"] == WEATHER
    OPENAI_REQUEST.validate_python(out)


def test_cache_marks_are_kept() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    part = {"type": "text", "text": "long", **mark}
    messages = [{"role": "system", "content": [part]}, {"role": "user", "content": [part]}]
    out = request_to_anthropic({"model": "m", "messages": messages})
    assert out["system"] == [part]
    assert out["messages"][0]["content"] == [part]


def test_broken_arguments_in_a_history_are_kept_as_text() -> None:
    call = {"id": "t", "type": "function", "function": {"name": "f", "arguments": '{"a": '}}
    messages = [{"role": "assistant", "content": "", "tool_calls": [call]}]
    out = request_to_anthropic({"model": "m", "messages": messages})
    assert out["messages"][0]["content"][0]["input"] == {"arguments": '{"a": '}


def part_of(part: dict[str, Any]) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": [part]}]}


@pytest.mark.parametrize(
    "request_",
    [
        part_of({"type": "input_audio", "input_audio": {}}),
        part_of({"type": "file", "file": {"file_id": "f"}}),
        part_of({"type": "image_url", "image_url": {"url": "data:image/png,hi"}}),
        part_of({"type": "image_url", "image_url": {"url": "data:image/png;base64,***"}}),
        {"model": "m", "messages": [{"role": "function", "name": "f", "content": "x"}]},
        {"model": "m", "messages": [{"role": ["user"], "content": "x"}]},
        part_of({"type": {}}),
        minimal(tools=[{"type": "custom", "custom": {"name": "c"}}]),
    ],
)
def test_what_anthropic_cannot_carry_is_refused(request_: dict[str, Any]) -> None:
    with pytest.raises(ProviderError) as caught:
        request_to_anthropic(request_)
    assert caught.value.kind == "refused"


def test_what_openai_cannot_carry_is_refused() -> None:
    for kind in ("container_upload", ["text"]):
        with pytest.raises(ProviderError, match="no content part"):
            request_to_openai(part_of({"type": kind, "file_id": "f"}))


def test_anthropics_own_blocks_to_openai() -> None:
    messages = [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "t", "name": "see", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t",
                    "content": [
                        {"type": "text", "text": "seen"},
                        {"type": "image", "source": {"type": "url", "url": "https://x.test/i"}},
                    ],
                },
                {
                    "type": "document",
                    "title": "a.pdf",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="},
                },
            ],
        },
    ]
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    out = request_to_openai({"model": "m", "max_tokens": 5, "messages": messages, "tools": tools})
    assert "tools" not in out
    assert out["messages"][0]["content"] == "I look."
    assert out["messages"][1] == {"role": "tool", "tool_call_id": "t", "content": "seen"}
    pdf = {"filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="}
    assert out["messages"][2]["content"] == [
        {"type": "image_url", "image_url": {"url": "https://x.test/i"}},
        {"type": "file", "file": pdf},
    ]
    OPENAI_REQUEST.validate_python(out)


ANTHROPIC_REPLY: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "t1", "name": "see", "input": {"x": 1}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 10,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 2,
        "output_tokens": 4,
    },
}


def test_a_message_becomes_a_chat_completion_and_back() -> None:
    Message.model_validate(ANTHROPIC_REPLY)
    out = reply_to_openai(ANTHROPIC_REPLY, created=7)
    ChatCompletion.model_validate(out, strict=True)
    choice = out["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("I look.", "tool_calls")
    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '{"x":1}'
    assert (out["usage"]["prompt_tokens"], out["usage"]["total_tokens"]) == (15, 19)
    back = reply_to_anthropic(out)
    Message.model_validate(back, strict=True)
    assert back == {**ANTHROPIC_REPLY, "content": ANTHROPIC_REPLY["content"][1:]}


@pytest.mark.parametrize(
    ("stop", "finish", "back"),
    [
        ("end_turn", "stop", "end_turn"),
        ("stop_sequence", "stop", "end_turn"),
        ("pause_turn", "stop", "end_turn"),
        ("max_tokens", "length", "max_tokens"),
        ("model_context_window_exceeded", "length", "max_tokens"),
        ("refusal", "content_filter", "refusal"),
    ],
)
def test_stop_reasons(stop: str, finish: str, back: str) -> None:
    text = [{"type": "text", "text": "x"}]
    out = reply_to_openai({**ANTHROPIC_REPLY, "content": text, "stop_reason": stop})
    assert out["choices"][0]["finish_reason"] == finish
    assert reply_to_anthropic(out)["stop_reason"] == back


def test_an_empty_message_is_an_empty_answer() -> None:
    out = reply_to_openai({**ANTHROPIC_REPLY, "content": [], "stop_reason": "end_turn"})
    assert out["choices"][0]["message"]["content"] is None
    assert reply_to_anthropic(out)["content"] == []


@pytest.mark.parametrize(
    "reply", [None, [], {}, {"type": "error", "error": {"type": "api_error", "message": "no"}}]
)
def test_what_is_no_message_is_unreadable(reply: object) -> None:
    with pytest.raises(ProviderError) as caught:
        reply_to_openai(reply)
    assert caught.value.kind == "unreadable"


KEYS = [
    "model",
    "messages",
    "role",
    "content",
    "type",
    "text",
    "name",
    "input",
    "id",
    "tools",
    "tool_choice",
    "function",
    "arguments",
    "file",
    "file_data",
    "image_url",
    "url",
    "source",
    "data",
    "media_type",
    "stop",
    "temperature",
    "system",
    "stop_sequences",
    "usage",
    "choices",
    "message",
    "delta",
    "index",
    "tool_calls",
    "allowed_tools",
    "mode",
    "response_format",
    "json_schema",
    "tool_use_id",
    "title",
    "refusal",
    "finish_reason",
    "stop_reason",
    "content_block",
    "partial_json",
    "error",
]
WORDS = [
    "user",
    "assistant",
    "system",
    "tool",
    "text",
    "image",
    "image_url",
    "file",
    "document",
    "tool_use",
    "tool_result",
    "function",
    "allowed_tools",
    "json_schema",
    "base64",
    "url",
    "custom",
    "message_start",
    "content_block_start",
    "error",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "text_delta",
    "input_json_delta",
    "{}",
    "{",
]
JUNK = st.recursive(
    st.sampled_from([None, True, 0, 3, -1.5, "", "\ud800", "data:image/png;base64,aGk=", *WORDS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=16,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "tool", "system"]), "content": JUNK},
        optional={"tool_calls": JUNK, "refusal": JUNK},
    ),
    max_size=3,
)


@pytest.mark.parametrize("translate", [request_to_anthropic, request_to_openai])
@given(junk=st.dictionaries(st.sampled_from(KEYS), JUNK), messages=MESSAGES)
def test_whatever_a_caller_sends_is_translated_or_refused(
    translate: Callable[[Any], Any], junk: dict[str, Any], messages: list[Any]
) -> None:
    with contextlib.suppress(ProviderError):
        json.dumps(translate({**junk, "messages": messages}))


@pytest.mark.parametrize("translate", [reply_to_openai, reply_to_anthropic])
@given(content=JUNK, message=st.dictionaries(st.sampled_from(KEYS), JUNK), rest=JUNK)
def test_whatever_a_provider_answers_is_translated_or_unreadable(
    translate: Callable[[Any], Any], content: Any, message: Any, rest: Any
) -> None:
    more = rest if isinstance(rest, dict) else {}
    reply = {**more, "content": content, "choices": [{"message": message, "finish_reason": rest}]}
    with contextlib.suppress(ProviderError):
        json.dumps(translate(reply))


def completion(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return {"id": "c1", "created": 7, "model": "m", "choices": [{**choice, **more}]}


CALL = {"function": {"name": "w", "arguments": {"city": "Bern"}}}


@pytest.mark.parametrize(
    ("message", "finish", "stop"),
    [
        ({}, "length", "max_tokens"),
        ({"content": "x"}, "", "end_turn"),
        ({"content": "x"}, None, "end_turn"),
        ({"content": "x"}, "eos", "end_turn"),
        ({"content": "x"}, "SAFETY", "refusal"),
        ({"tool_calls": [CALL]}, "eos", "tool_use"),
        ({"tool_calls": [CALL], "content": None}, None, "tool_use"),
        ({"tool_calls": [CALL], "content": None}, "length", "max_tokens"),
    ],
)
def test_an_answer_ends_for_the_reason_the_server_meant(
    message: dict[str, Any], finish: str | None, stop: str
) -> None:
    assert reply_to_anthropic(completion(message, finish))["stop_reason"] == stop


def test_calls_of_a_whole_answer_get_ids_and_blank_text_beside_them_is_none() -> None:
    said = completion({"content": "\n\n", "tool_calls": [CALL, CALL]}, "tool_calls")
    one, two = reply_to_anthropic(said)["content"]
    assert one["input"] == two["input"] == {"city": "Bern"}
    assert len({one["id"], two["id"], ""}) == 3
    use = {"type": "tool_use", "name": "w", "input": {}}
    back = reply_to_openai({"id": "m", "content": [use, use], "stop_reason": "end_turn"})
    [choice] = back["choices"]
    assert len({call["id"] for call in choice["message"]["tool_calls"]} - {""}) == 2
    assert choice["finish_reason"] == "tool_calls"


def test_the_sequence_that_ended_a_whole_answer_is_named() -> None:
    told = reply_to_anthropic(completion({"content": "x"}, stop_reason="END"))
    assert (told["stop_reason"], told["stop_sequence"]) == ("stop_sequence", "END")
