"""The events of a Messages stream as chunks, checked against the types of both vendors' SDKs."""

import json
from typing import Any

import pytest
from anthropic.types import RawMessageStreamEvent
from factories.streams import ANTHROPIC_STREAM
from openai.types.chat import ChatCompletionChunk
from pydantic import TypeAdapter

from tierwatch.errors import ProviderError
from tierwatch.wire.anthropic_messages.stream_in import StreamIn
from tierwatch.wire.sse import SSEEvent
from tierwatch.wire.stream_answer import StreamAnswer

STREAM_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def read(events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], StreamIn]:
    stream = StreamIn(created=7)
    fed = [SSEEvent(event["type"], json.dumps(event)) for event in events]
    return [chunk for event in fed for chunk in stream.feed(event)], stream


def test_a_message_stream_becomes_chunks() -> None:
    for event in ANTHROPIC_STREAM:
        if event["type"] != "ping":
            STREAM_EVENT.validate_python(event)
    chunks, stream = read(ANTHROPIC_STREAM)
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


def test_a_cut_message_stream_is_not_finished() -> None:
    _, stream = read(ANTHROPIC_STREAM[:-1])
    assert not stream.finished


def test_an_error_event_becomes_an_error_chunk() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    chunks, _ = read([error])
    told = {"message": "Overloaded", "type": "overloaded_error", "param": None}
    assert chunks == [{"error": {**told, "code": "overloaded"}}]


@pytest.mark.parametrize("data", ["{", '{"type": "content_block_delta", "delta"'])
def test_a_piece_that_cannot_be_read_leaves_a_hole(data: str) -> None:
    with pytest.raises(ProviderError) as caught:
        StreamIn().feed(SSEEvent("content_block_delta", data))
    assert caught.value.kind == "unreadable"


@pytest.mark.parametrize("data", ["", "[]", "[DONE]", "keep-alive", "7"])
def test_words_that_keep_a_line_alive_are_passed_over(data: str) -> None:
    assert StreamIn().feed(SSEEvent("", data)) == []


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


def test_a_tool_use_that_comes_whole_is_not_said_twice() -> None:
    block = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
    chunks, _ = read(
        [
            event("content_block_start", index=0, content_block=block),
            event("content_block_stop", index=0),
        ]
    )
    [call] = chunks[0]["choices"][0]["delta"]["tool_calls"]
    assert (call["id"], call["function"]) == ("t", {"name": "f", "arguments": '{"a":1}'})
    assert len(chunks) == 1


def test_text_that_stands_in_the_start_of_its_block_is_kept() -> None:
    block = {"type": "text", "text": "Hi"}
    chunks, _ = read([event("content_block_start", index=0, content_block=block)])
    assert chunks[0]["choices"][0]["delta"] == {"content": "Hi"}


def test_a_delta_for_a_call_that_never_began_says_nothing() -> None:
    delta = {"type": "input_json_delta", "partial_json": "{}"}
    chunks, _ = read([event("content_block_delta", index=4, delta=delta)])
    assert chunks == []


def test_a_stream_that_counted_nothing_has_no_usage_chunk() -> None:
    chunks, stream = read([event("message_start", message={"id": "m"}), event("message_stop")])
    assert [chunk["choices"] != [] for chunk in chunks] == [True, True]
    assert stream.usage.prompt_tokens is None


@pytest.mark.parametrize("called", [False, True])
def test_a_stream_that_ends_without_a_reason_has_stopped(*, called: bool) -> None:
    block = {"type": "tool_use", "name": "f"} if called else {"type": "text", "text": "x"}
    begun = [event("message_start", message={}), event("content_block_start", content_block=block)]
    chunks, stream = read([*begun, event("message_delta", delta={"stop_reason": ""}),
                           event("message_stop")])  # fmt: skip
    assert stream.finished
    assert chunks[-1]["choices"][0]["finish_reason"] == ("tool_calls" if called else "stop")


def test_calls_end_for_their_sake_whatever_word_the_server_has() -> None:
    block = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    begun = event("content_block_start", index=0, content_block=block)
    for word, reason in (("end_turn", "tool_calls"), ("max_tokens", "length"),
                         ("eos", "tool_calls")):  # fmt: skip
        chunks, _ = read([begun, event("message_delta", delta={"stop_reason": word})])
        assert chunks[-1]["choices"][0]["finish_reason"] == reason


def test_zeros_at_the_end_do_not_replace_what_was_counted() -> None:
    counted = {"input_tokens": 9, "cache_read_input_tokens": 4, "output_tokens": 1}
    zeros = {"input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 7}
    _, stream = read(
        [
            event("message_start", message={"usage": counted}),
            event("message_delta", delta={"stop_reason": "end_turn"}, usage=zeros),
        ]
    )
    assert stream.usage == (13, 7, 4, None)


def test_calls_without_index_or_id_are_kept_apart() -> None:
    block = {"type": "tool_use", "name": "f", "input": {}}
    events = [event("message_start", message={"id": "m"})]
    for city in ("Bern", "Rome"):
        events.append(event("content_block_start", content_block=block))
        delta = {"type": "input_json_delta", "partial_json": {"city": city}}
        events += [event("content_block_delta", delta=delta), event("content_block_stop")]
    answer = StreamAnswer()
    for chunk in read(events)[0]:
        answer.feed(chunk)
    one, two = answer.message["tool_calls"]
    assert [call["function"]["arguments"] for call in (one, two)] == [
        '{"city":"Bern"}', '{"city":"Rome"}',
    ]  # fmt: skip
    assert len({one["id"], two["id"], ""}) == 3
