"""A Message told as a stream says the same, block by block."""

import json
from typing import Any

import pytest
from factories.wires import events, reply_to_openai

from tierwatch.wire.anthropic_messages.stream_in import StreamIn
from tierwatch.wire.anthropic_messages.whole_stream import whole_stream
from tierwatch.wire.first_choice import first_choice
from tierwatch.wire.stream_answer import StreamAnswer

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
    stream = whole_stream(MESSAGE)
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
    reader, answer = StreamIn(), StreamAnswer()
    for event in events(whole_stream(message)):
        for chunk in reader.feed(event):
            answer.feed(chunk)
    whole = first_choice(reply_to_openai(message, created=0))
    assert reader.finished
    assert (answer.message.get("content") or None) == whole.message.get("content")
    assert answer.message.get("tool_calls") == whole.message.get("tool_calls")
    assert answer.finish_reason == whole.finish_reason
    assert answer.prompt_tokens == whole.prompt_tokens
    assert answer.completion_tokens == whole.completion_tokens


@pytest.mark.parametrize("more", [{"usage": 5}, {"usage": []}, {"content": [None, *BLOCKS]}])
def test_what_is_no_object_is_left_out(more: dict[str, Any]) -> None:
    assert len(blocks_of(whole_stream(MESSAGE | more))) == len(BLOCKS)
