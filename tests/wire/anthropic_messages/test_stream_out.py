"""Chunks as the events of a Messages stream, checked against the vendor's types."""

import json
from typing import Any

from anthropic.types import RawMessageStreamEvent
from factories.streams import ANTHROPIC_STREAM
from pydantic import TypeAdapter

from tierwatch.wire.anthropic_messages.stream_in import StreamIn
from tierwatch.wire.anthropic_messages.stream_out import StreamOut
from tierwatch.wire.sse import SSEEvent

STREAM_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def written(chunks: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    stream = StreamOut()
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
    stream = StreamIn()
    fed = [SSEEvent(event["type"], json.dumps(event)) for event in ANTHROPIC_STREAM]
    chunks = [chunk for event in fed for chunk in stream.feed(event)]
    events = written(chunks)
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
    events = written([*pieces, piece(1, ":2}")])
    assert put_together(events) == [("a", "{}"), ("b", '{"y":2}'), ("text", "late")]


def test_parallel_calls_under_one_index_become_blocks_of_their_own() -> None:
    events = written([piece(0, "{}", "a"), piece(0, "{", "b"), piece(0, "}")])
    assert put_together(events) == [("a", "{}"), ("b", "{}")]


def test_an_empty_stream_is_an_empty_message() -> None:
    events = written([])
    assert [name for name, _ in events] == ["message_start", "message_delta", "message_stop"]
    assert events[1][1]["delta"]["stop_reason"] is None


def test_nothing_follows_an_error_chunk() -> None:
    error = {"error": {"message": "boom", "type": "server_error"}}
    events = written([delta(content="x"), error, delta(content="y")])
    assert events[-1] == (
        "error",
        {"type": "error", "error": {"type": "api_error", "message": "boom"}},
    )


def test_a_failed_stream_has_no_end() -> None:
    stream = StreamOut()
    stream.feed({"error": {"message": "boom"}})
    assert stream.finish() == []


def test_a_call_in_one_piece_is_a_block_of_its_own() -> None:
    events = written([piece(0, '{"a":1}', "a"), piece(1, '{"b":2}', "b")])
    assert put_together(events) == [("a", '{"a":1}'), ("b", '{"b":2}')]


def test_a_refusal_is_said_as_text() -> None:
    events = written([delta(content="Well. "), delta(refusal="No.")])
    assert put_together(events) == [("text", "Well. No.")]


def test_other_choices_are_left_out() -> None:
    other = {"choices": [{"index": 1, "delta": {"content": "other"}}]}
    assert put_together(written([delta(content="first"), other])) == [("text", "first")]
