"""Both translations, checked against the types of both vendors' SDKs."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types import message_create_params as anthropic_params
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk, completion_create_params
from pydantic import TypeAdapter

from tierwatch.errors import ProviderError
from tierwatch.wire.anthropic_wire import (
    AnthropicToOpenAIStream,
    OpenAIToAnthropicStream,
    error_to_anthropic,
    error_to_openai,
    reply_to_anthropic,
    reply_to_openai,
    request_to_anthropic,
    request_to_openai,
)
from tierwatch.wire.openai_wire import StreamAnswer
from tierwatch.wire.sse import SSEEvent

STREAM_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
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
            {"thinking": {"type": "adaptive"}, "top_k": 3},
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


ANTHROPIC_STREAM: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {
            **ANTHROPIC_REPLY,
            "content": [],
            "stop_reason": None,
            "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1},
        },
    },
    {"type": "ping"},
    {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "thinking", "thinking": "", "signature": ""},
    },
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "thinking_delta", "thinking": "hm"},
    },
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "I "}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "look."}},
    {"type": "content_block_stop", "index": 1},
    {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "tool_use", "id": "t1", "name": "see", "input": {}},
    },
    {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": '{"x"'},
    },
    {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": ": 1}"},
    },
    {"type": "content_block_stop", "index": 2},
    {
        "type": "content_block_start",
        "index": 3,
        "content_block": {"type": "tool_use", "id": "t2", "name": "now", "input": {}},
    },
    {"type": "content_block_stop", "index": 3},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 9},
    },
    {"type": "message_stop"},
]


def to_openai(
    events: list[dict[str, Any]], **options: Any
) -> tuple[list[dict[str, Any]], AnthropicToOpenAIStream]:
    stream = AnthropicToOpenAIStream(created=7, **options)
    fed = [SSEEvent(event["type"], json.dumps(event)) for event in events]
    return [chunk for event in fed for chunk in stream.feed(event)], stream


def test_a_message_stream_becomes_chunks() -> None:
    for event in ANTHROPIC_STREAM:
        if event["type"] != "ping":
            STREAM_EVENT.validate_python(event)
    chunks, stream = to_openai(ANTHROPIC_STREAM)
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk, strict=True)
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    answer = StreamAnswer()
    for chunk in chunks:
        answer.feed(chunk)
    assert stream.finished
    assert (answer.finish_reason, answer.model) == ("tool_calls", "claude-haiku-4-5")
    assert answer.message["content"] == "I look."
    calls = [(c["id"], c["function"]["arguments"]) for c in answer.message["tool_calls"]]
    assert calls == [("t1", '{"x": 1}'), ("t2", "{}")]
    assert (answer.prompt_tokens, answer.completion_tokens) == (15, 9)


def test_usage_is_left_out_when_it_was_not_asked_for() -> None:
    chunks, _ = to_openai(ANTHROPIC_STREAM, include_usage=False)
    assert all(chunk["choices"] for chunk in chunks)


def test_a_cut_message_stream_is_not_finished() -> None:
    _, stream = to_openai(ANTHROPIC_STREAM[:-1])
    assert not stream.finished


def test_an_error_event_becomes_an_error_chunk() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    chunks, _ = to_openai([error])
    assert chunks == [error_to_openai(error, 529)]
    assert chunks[0]["error"]["code"] == "overloaded"


@pytest.mark.parametrize("data", ["", "{", "[]"])
def test_an_event_that_cannot_be_read_is_not_passed_over(data: str) -> None:
    with pytest.raises(ProviderError) as caught:
        AnthropicToOpenAIStream().feed(SSEEvent("content_block_delta", data))
    assert caught.value.kind == "unreadable"


def to_anthropic(chunks: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    stream = OpenAIToAnthropicStream()
    events = [event for chunk in chunks for event in stream.feed(chunk)]
    events += stream.finish()
    for name, payload in events:
        assert name == payload["type"]
        if name != "error":
            STREAM_EVENT.validate_python(payload, strict=True)
    return events


def put_together(events: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str]]:
    """The blocks as (text | name of the tool, text | input), checking that they follow in order."""
    blocks: list[tuple[str, list[str]]] = []
    opened = None
    for name, payload in events:
        if name == "content_block_start":
            assert opened is None
            assert payload["index"] == len(blocks)
            opened = payload["index"]
            blocks.append((payload["content_block"].get("name", "text"), []))
        elif name == "content_block_delta":
            assert payload["index"] == opened
            delta = payload["delta"]
            blocks[-1][1].append(delta.get("text") or delta.get("partial_json") or "")
        elif name == "content_block_stop":
            assert payload["index"] == opened
            opened = None
    assert opened is None
    return [(kind, "".join(parts)) for kind, parts in blocks]


def test_chunks_become_a_message_stream_again() -> None:
    chunks, _ = to_openai(ANTHROPIC_STREAM)
    events = to_anthropic(chunks)
    assert put_together(events) == [("text", "I look."), ("see", '{"x": 1}'), ("now", "{}")]
    assert events[0][0] == "message_start"
    assert [name for name, _ in events][-2:] == ["message_delta", "message_stop"]
    assert events[-2][1]["delta"]["stop_reason"] == "tool_use"
    assert events[-2][1]["usage"] == {
        "input_tokens": 10,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 5,
        "output_tokens": 9,
    }


def delta(**fields: Any) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": fields}]}


def piece(index: int, arguments: str, call_id: str | None = None) -> dict[str, Any]:
    call: dict[str, Any] = {"index": index, "function": {"arguments": arguments}}
    if call_id:
        call["id"] = call_id
        call["function"]["name"] = call_id
    return delta(tool_calls=[call])


def test_interleaved_calls_and_late_text_become_whole_blocks() -> None:
    pieces = [piece(0, "{", "a"), piece(1, '{"y"', "b"), delta(content="late"), piece(0, "}")]
    events = to_anthropic([*pieces, piece(1, ":2}")])
    assert put_together(events) == [("a", "{}"), ("b", '{"y":2}'), ("text", "late")]


def test_parallel_calls_under_one_index_become_blocks_of_their_own() -> None:
    events = to_anthropic([piece(0, "{}", "a"), piece(0, "{", "b"), piece(0, "}")])
    assert put_together(events) == [("a", "{}"), ("b", "{}")]


def test_an_empty_stream_is_an_empty_message() -> None:
    events = to_anthropic([])
    assert [name for name, _ in events] == ["message_start", "message_delta", "message_stop"]
    assert events[1][1]["delta"]["stop_reason"] is None


def test_nothing_follows_an_error_chunk() -> None:
    error = {"error": {"message": "boom", "type": "server_error"}}
    events = to_anthropic([delta(content="x"), error, delta(content="y")])
    assert events[-1] == (
        "error",
        {"type": "error", "error": {"type": "api_error", "message": "boom"}},
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (404, "not_found_error"),
        (429, "rate_limit_error"),
        (503, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_errors_take_their_type_from_the_status(status: int, kind: str) -> None:
    body = {"error": {"message": "No.", "type": "t", "param": None, "code": None}}
    theirs = error_to_anthropic(body, status)
    assert theirs == {"type": "error", "error": {"type": kind, "message": "No."}}
    ours = error_to_openai(theirs, status)["error"]
    assert (ours["message"], ours["type"], ours["param"]) == ("No.", kind, None)


def test_an_error_without_a_body_still_has_a_sentence() -> None:
    assert error_to_openai(None, 529)["error"]["message"] == "The provider answered 529."
    assert error_to_anthropic("", 500)["error"]["message"] == "The provider answered 500."


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


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), JUNK), max_size=4))
def test_whatever_a_provider_streams_is_translated_or_unreadable(junk: list[Any]) -> None:
    forth = AnthropicToOpenAIStream()
    back = OpenAIToAnthropicStream()
    for one in junk:
        forth.feed(SSEEvent("", json.dumps(one).replace("\\ud800", "")))
        back.feed(one)
        back.feed({"choices": [{"delta": one}]})
    json.dumps(back.finish())
