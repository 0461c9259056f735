"""A whole answer told as a stream says the same, piece by piece."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.anthropic_wire import AnthropicToOpenAIStream, reply_to_openai
from tierwatch.wire.openai_wire import StreamAnswer, read_reply
from tierwatch.wire.sse import SSEDecoder, SSEEvent
from tierwatch.wire.whole_stream import completion_stream, message_stream

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def completion(message: dict[str, Any], finish: str = "stop", **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": finish, **more}
    return {
        "id": "c1", "object": "chat.completion", "created": 7, "model": "m",
        "choices": [choice], "usage": USAGE, "system_fingerprint": "fp",
    }  # fmt: skip


def events(stream: bytes) -> list[SSEEvent]:
    return SSEDecoder().feed(stream)


def chunks(stream: bytes) -> list[dict[str, Any]]:
    *data, done = [event.data for event in events(stream)]
    assert done == "[DONE]"
    return [json.loads(text) for text in data]


def put_together(stream: bytes) -> StreamAnswer:
    answer = StreamAnswer()
    for chunk in chunks(stream):
        answer.feed(chunk)
    return answer


@given(
    content=st.none() | st.text(),
    refusal=st.none() | st.text(min_size=1),
    calls=st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=3),
)
def test_the_pieces_add_up_to_the_message(
    content: str | None, refusal: str | None, calls: list[tuple[str, str]]
) -> None:
    made = [
        {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": text}}
        for n, (name, text) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": content, "refusal": refusal}
    whole = completion(message | ({"tool_calls": made} if made else {}))
    answer = put_together(completion_stream(whole, include_usage=False))
    assert answer.message.get("content") == (content or None)
    assert answer.message.get("refusal") == refusal
    assert answer.message.get("tool_calls", []) == made
    assert answer.finish_reason == "stop"


def test_head_usage_and_what_is_not_known_here_are_kept() -> None:
    logprobs = {"content": [{"token": "hi", "logprob": -0.1}]}
    message = {"role": "assistant", "content": "hi", "reasoning_content": "hm", "refusal": None}
    whole = completion(message, "length", logprobs=logprobs)
    *said, last = chunks(completion_stream(whole, include_usage=True))
    for chunk in (*said, last):
        assert chunk["object"] == "chat.completion.chunk"
        assert (chunk["id"], chunk["created"], chunk["model"]) == ("c1", 7, "m")
        assert chunk["system_fingerprint"] == "fp"
    assert (last["choices"], last["usage"]) == ([], USAGE)
    assert {chunk["usage"] for chunk in said} == {None}
    first, second, third = (chunk["choices"][0] for chunk in said)
    assert first["delta"] == {"role": "assistant", "content": "", "reasoning_content": "hm"}
    assert (second["delta"], second["logprobs"]) == ({"content": "hi"}, logprobs)
    assert (third["delta"], third["finish_reason"]) == ({}, "length")


def test_content_in_parts_becomes_text() -> None:
    message = {"role": "assistant", "content": [{"type": "text", "text": "hi"}]}
    answer = put_together(completion_stream(completion(message), include_usage=False))
    assert answer.message["content"] == "hi"


BLOCKS: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
    {"type": "redacted_thinking", "data": "xyz"},
    {"type": "text", "text": "Hello", "citations": [{"type": "char_location", "cited_text": "x"}]},
    {"type": "tool_use", "id": "t1", "name": "f", "input": {"n": [1, "é"]}},
    {"type": "tool_use", "id": "t2", "name": "g", "input": {}},
]
MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": BLOCKS,
    "stop_reason": "tool_use", "stop_sequence": None,
    "usage": {"input_tokens": 9, "output_tokens": 4, "cache_read_input_tokens": 2},
}  # fmt: skip


def blocks_of(stream: bytes) -> list[dict[str, Any]]:
    """The blocks as a client puts them together."""
    made: list[dict[str, Any]] = []
    arguments = ""
    for event in events(stream):
        payload = json.loads(event.data)
        assert payload["type"] == event.event
        if event.event == "content_block_start":
            made.append(payload["content_block"])
            arguments = ""
        elif event.event == "content_block_delta":
            delta, block = payload["delta"], made[payload["index"]]
            if delta["type"] == "input_json_delta":
                arguments += delta["partial_json"]
                block["input"] = json.loads(arguments)
            elif delta["type"] == "citations_delta":
                block["citations"].append(delta["citation"])
            else:
                key = delta["type"].removesuffix("_delta")
                block[key] += delta[key]
    return made


def test_every_kind_of_block_is_told_whole() -> None:
    stream = message_stream(MESSAGE)
    assert blocks_of(stream) == BLOCKS
    names = [event.event for event in events(stream)]
    assert (names[0], names[-2:]) == ("message_start", ["message_delta", "message_stop"])
    start, end = json.loads(events(stream)[0].data), json.loads(events(stream)[-2].data)
    assert (start["message"]["content"], start["message"]["id"]) == ([], "msg_1")
    assert end["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert end["usage"]["output_tokens"] == 4


@pytest.mark.parametrize("content", [[], BLOCKS])
def test_the_stream_reads_like_the_message(content: list[dict[str, Any]]) -> None:
    message = {**MESSAGE, "content": content}
    reader, answer = AnthropicToOpenAIStream(), StreamAnswer()
    for event in events(message_stream(message)):
        for chunk in reader.feed(event):
            answer.feed(chunk)
    whole = read_reply(reply_to_openai(message, created=0))
    assert reader.finished
    assert (answer.message.get("content") or None) == whole.message.get("content")
    assert answer.message.get("tool_calls") == whole.message.get("tool_calls")
    assert answer.finish_reason == whole.finish_reason
    assert answer.prompt_tokens == whole.prompt_tokens
    assert answer.completion_tokens == whole.completion_tokens
