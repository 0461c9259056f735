"""Chunks as the events of a Messages stream, checked against the vendor's types."""

import json
from typing import Any

import pytest
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
    assert events[1][1]["delta"]["stop_reason"] == "end_turn"


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


def ending(*chunks: dict[str, Any]) -> dict[str, Any]:
    return written(list(chunks))[-2][1]


def finish(reason: str | None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {}, "finish_reason": reason, **more}
    return {"id": "c", "model": "m", "choices": [choice]}


@pytest.mark.parametrize(
    ("reasons", "called", "stop"),
    [
        (["stop"], False, "end_turn"),
        ([""], False, "end_turn"),
        ([], False, "end_turn"),
        (["eos"], False, "end_turn"),
        (["MAX_TOKENS"], False, "max_tokens"),
        (["content_filter"], False, "refusal"),
        (["tool_calls", ""], True, "tool_use"),
        (["stop"], True, "tool_use"),
        (["eos"], True, "tool_use"),
        (["tool_call"], True, "tool_use"),
        ([], True, "tool_use"),
        (["length"], True, "max_tokens"),
    ],
)
def test_a_stream_ends_for_the_reason_the_server_meant(
    reasons: list[str], stop: str, *, called: bool
) -> None:
    said = [piece(0, "{}", "a")] if called else [delta(content="x")]
    assert ending(*said, *map(finish, reasons))["delta"]["stop_reason"] == stop


def test_the_sequence_that_ended_an_answer_is_named() -> None:
    said = ending(delta(content="x"), finish("stop", stop_reason="END"))["delta"]
    assert said == {"stop_reason": "stop_sequence", "stop_sequence": "END"}
    assert ending(finish("stop", stop_reason=7))["delta"]["stop_sequence"] is None


@pytest.mark.parametrize("more", [{}, {"id": None}, {"index": None}])
def test_calls_without_index_or_id_become_blocks_with_ids_of_their_own(more: Any) -> None:
    cities = [{"city": "Bern"}, {"city": "Rome"}]
    events = written(
        [
            delta(tool_calls=[{"function": {"name": "weather", "arguments": city}, **more}])
            for city in cities
        ]
    )
    assert [(name, json.loads(given)) for name, given in put_together(events)] == [
        ("weather", city) for city in cities
    ]
    ids = {said["content_block"]["id"] for name, said in events if name == "content_block_start"}
    assert len(ids) == 2
    assert all(ids)


def test_counts_within_a_choice_are_counted_and_zeros_after_them_are_not() -> None:
    counts = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 4}
    zeros = {"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0}}
    usage = ending(delta(content="x"), finish("stop", usage=counts), zeros)["usage"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"]) == (5, 4)
    assert usage["output_tokens"] == 2


@pytest.mark.parametrize(
    ("texts", "blocks"),
    [
        (["\n\n"], [("w", "{}")]),
        (["\n", "\n", "I look."], [("text", "\n\nI look."), ("w", "{}")]),
        (["I", " ", "look."], [("text", "I look."), ("w", "{}")]),
    ],
)
def test_blank_text_is_no_block_beside_calls(
    texts: list[str], blocks: list[tuple[str, str]]
) -> None:
    call = {"index": 0, "id": "c", "function": {"name": "w", "arguments": "{}"}}
    said = [delta(content=text) for text in texts]
    assert put_together(written([*said, delta(tool_calls=[call])])) == blocks


def test_blank_text_alone_is_what_was_said() -> None:
    assert put_together(written([delta(content="\n")])) == [("text", "\n")]
