"""A provider's Responses stream as chunks."""

import json
from typing import Any

import pytest
from factories.wires import put_together

from tierwatch.errors import ProviderError
from tierwatch.wire.openai_responses.stream_in import StreamIn
from tierwatch.wire.sse import SSEEvent
from tierwatch.wire.stream_answer import StreamAnswer

CREATED = {"type": "response.created", "response": {"id": "r", "model": "m", "created_at": 7}}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": ""}
MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "Paris"}]}


def event(payload: dict[str, Any]) -> SSEEvent:
    return SSEEvent("", json.dumps(payload))


def read(*payloads: dict[str, Any]) -> tuple[StreamAnswer, StreamIn]:
    stream = StreamIn(created=5)
    answer = put_together([chunk for one in payloads for chunk in stream.feed(event(one))])
    return answer, stream


def added(item: dict[str, Any], place: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": place, "item": item}


def done(item: dict[str, Any], place: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": place, "item": item}


def delta(kind: str, piece: str, place: int = 0) -> dict[str, Any]:
    return {"type": f"response.{kind}.delta", "output_index": place, "delta": piece}


def completed(*output: dict[str, Any], **more: Any) -> dict[str, Any]:
    usage = {"input_tokens": 9, "output_tokens": 2, "total_tokens": 11}
    response = {"id": "r", "status": "completed", "output": list(output), "usage": usage, **more}
    return {"type": f"response.{response['status']}", "response": response}


def test_a_text_in_pieces() -> None:
    answer, stream = read(
        CREATED,
        delta("output_text", "Pa"),
        delta("output_text", "ris"),
        done(MESSAGE),
        completed(MESSAGE),
    )
    assert answer.message["content"] == "Paris"
    assert (answer.finish_reason, answer.model, stream.finished) == ("stop", "m", True)
    assert answer.usage[:2] == (9, 2)


@pytest.mark.parametrize(
    "payloads",
    [
        [CREATED, done(MESSAGE), completed()],
        [CREATED, completed(MESSAGE)],
        [completed(MESSAGE)],
        [CREATED, done(MESSAGE), completed(MESSAGE)],
    ],
)
def test_words_that_come_in_no_piece_are_found_where_they_are(payloads: list[Any]) -> None:
    answer, _ = read(*payloads)
    assert answer.message["content"] == "Paris"
    assert answer.finished


def test_calls_in_pieces_whole_or_at_the_end() -> None:
    whole = {**CALL, "arguments": '{"a":1}'}
    second = {**whole, "call_id": "c2"}
    third = {**whole, "call_id": "c3", "namespace": "clock"}
    answer, _ = read(
        CREATED,
        added(CALL),
        delta("function_call_arguments", '{"a"'),
        delta("function_call_arguments", ":1}"),
        done(whole),
        added(second, 1),
        done(second, 1),
        completed(whole, second, third),
    )
    calls = answer.message["tool_calls"]
    assert [call["id"] for call in calls] == ["c1", "c2", "c3"]
    assert [call["function"]["name"] for call in calls] == ["f", "f", "clock__f"]
    assert {call["function"]["arguments"] for call in calls} == {'{"a":1}'}
    assert answer.finish_reason == "tool_calls"


def test_a_call_without_arguments_has_none() -> None:
    answer, _ = read(CREATED, added(CALL), done(CALL), completed(CALL))
    [call] = answer.message["tool_calls"]
    assert call["function"]["arguments"] == "{}"


def test_free_text_is_told_whole_as_arguments() -> None:
    patch = {"type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": ""}
    answer, _ = read(
        CREATED,
        added(patch),
        delta("custom_tool_call_input", "*** Beg"),
        done({**patch, "input": "*** Begin"}),
        completed(),
    )
    [call] = answer.message["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"input": "*** Begin"}


def test_refusals_and_thoughts_are_told_apart_from_words() -> None:
    stream = StreamIn()
    chunks = [
        chunk
        for one in (
            CREATED,
            delta("reasoning_summary_text", "Hm."),
            delta("refusal", "No.", 1),
            completed(),
        )
        for chunk in stream.feed(event(one))
    ]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert {"reasoning_content": "Hm."} in deltas
    assert {"refusal": "No."} in deltas
    summary = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
    told = StreamIn().feed(event(done(summary)))
    assert told[0]["choices"][0]["delta"] == {"reasoning_content": "Hm."}


@pytest.mark.parametrize(
    ("reason", "finish"), [("max_output_tokens", "length"), ("content_filter", "content_filter")]
)
def test_an_incomplete_response_says_why(reason: str, finish: str) -> None:
    ended = completed(MESSAGE, status="incomplete", incomplete_details={"reason": reason})
    answer, stream = read(CREATED, ended)
    assert (answer.finish_reason, stream.finished) == (finish, True)


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "response.failed", "response": {"error": {"message": "It broke."}}},
        {"type": "error", "message": "It broke."},
        {"type": "error", "error": {"message": "It broke."}},
    ],
)
def test_an_error_is_one_in_each_of_its_forms(payload: dict[str, Any]) -> None:
    answer, stream = read(CREATED, payload)
    assert answer.error is not None
    assert answer.error["message"] == "It broke."
    assert not answer.finished
    assert not stream.finished


def test_events_of_kinds_unknown_are_read_over() -> None:
    answer, _ = read(CREATED, {"type": "response.hologram"}, {"a": 1}, completed(MESSAGE))
    assert answer.message["content"] == "Paris"
    assert StreamIn().feed(SSEEvent("", "[DONE]")) == []
    named = StreamIn()
    assert named.feed(SSEEvent("response.output_text.delta", '{"delta": "Hi"}')) != []


@pytest.mark.parametrize("data", ["[1]", "7", "[DONE]", "ping"])
def test_what_keeps_a_line_alive_is_passed_over(data: str) -> None:
    assert StreamIn().feed(SSEEvent("", data)) == []


def test_a_broken_event_is_unreadable_and_nothing_is_read_after_the_end() -> None:
    with pytest.raises(ProviderError) as caught:
        StreamIn().feed(SSEEvent("", "{"))
    assert caught.value.kind == "unreadable"
    _, stream = read(completed(MESSAGE))
    assert stream.feed(SSEEvent("", "{")) == []


def test_what_has_begun_is_known_by_its_id() -> None:
    _, stream = read(CREATED, delta("output_text", "Pa"))
    assert stream.begun == {"response": CREATED["response"], "sequence_number": 2}
    assert stream.usage is None
