"""Chunks as the events of a Responses stream, checked against the vendor's types and helper."""

import json
from typing import Any

import openai
import pytest
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ResponseStreamEvent
from openai.types.responses.response_completed_event import ResponseCompletedEvent
from pydantic import TypeAdapter

from tierwatch.wire.form import NOBODY, AnswerTo
from tierwatch.wire.openai_responses.stream_out import StreamOut

STREAM_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
PATCH = {"type": "custom", "name": "apply_patch"}
SLEEP = {"type": "function", "name": "sleep", "parameters": {}}
TOOLS = [PATCH, {"type": "namespace", "name": "clock", "description": "Time.", "tools": [SLEEP]}]


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "created": 7, "model": "m", "choices": [choice]}


def piece(index: int, call_id: str = "", name: str = "", arguments: str = "") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments} if name else {"arguments": arguments}
    call: dict[str, Any] = {"index": index, "function": function}
    return chunk(tool_calls=[call | ({"id": call_id} if call_id else {})])


def written(*chunks: dict[str, Any], to: AnswerTo = NOBODY) -> list[dict[str, Any]]:
    """All events of a stream that was read to its end; each as the vendor's client reads it."""
    stream = StreamOut(to=to)
    events = [event for one in chunks for event in stream.feed(one)]
    events += stream.finish()
    state: Any = ResponseStreamState(text_format=openai.omit, input_tools=[])
    for number, (name, payload) in enumerate(events):
        assert (name, number) == (payload["type"], payload["sequence_number"])
        assert json.loads(json.dumps(payload)) == payload
        state.handle_event(STREAM_EVENT.validate_python(payload))
    return [payload for _, payload in events]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


def test_a_text() -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}
    events = written(chunk(content=""), chunk(content="Pa"), chunk(content="ris"), chunk("stop"),
                     usage)  # fmt: skip
    assert kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    last = events[-1]["response"]
    assert {event["response"]["id"] for event in events if "response" in event} == {"chatcmpl-1"}
    assert last["output"] == [events[-2]["item"]]
    assert last["output"][0]["content"][0]["text"] == "Paris"
    assert last["output"][0]["status"] == "completed"
    assert last["usage"]["total_tokens"] == 11
    assert (last["created_at"], last["model"], last["status"]) == (7, "m", "completed")
    item_id = last["output"][0]["id"]
    assert {event["item_id"] for event in events if "item_id" in event} == {item_id}


def test_the_name_that_is_asked_for_stands_from_first_to_last() -> None:
    events = written(chunk(content="Hi"), chunk("stop"), to=AnswerTo({"store": False}, "resp_9"))
    responses = [event["response"] for event in events if "response" in event]
    assert {one["id"] for one in responses} == {"resp_9"}
    assert {one["store"] for one in responses} == {False}


def items(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    assert isinstance(STREAM_EVENT.validate_python(events[-1]), ResponseCompletedEvent)
    done = {
        event["output_index"]: event["item"]
        for event in events
        if event["type"] == "response.output_item.done"
    }
    output: list[dict[str, Any]] = events[-1]["response"]["output"]
    assert [done[place] for place in sorted(done)] == output
    return output


def test_calls_that_interleave_are_items_of_their_own() -> None:
    events = written(
        chunk(content="I look."),
        piece(0, "c0", "weather", '{"city"'),
        piece(1, "c1", "weather", '{"city"'),
        piece(0, arguments=': "Bern"}'),
        piece(1, arguments=': "Rome"}'),
        chunk("tool_calls"),
    )
    message, bern, rome = items(events)
    assert message["content"][0]["text"] == "I look."
    assert (bern["call_id"], json.loads(bern["arguments"])) == ("c0", {"city": "Bern"})
    assert (rome["call_id"], json.loads(rome["arguments"])) == ("c1", {"city": "Rome"})
    for call in (bern, rome):
        told = [event for event in events if event.get("item_id") == call["id"]]
        assert "".join(event.get("delta", "") for event in told) == call["arguments"]
        assert told[-1]["arguments"] == call["arguments"]


def test_calls_under_one_index_are_told_apart_by_their_ids() -> None:
    events = written(
        piece(0, "c0", "weather", "{}"), piece(0, "c1", "weather", "{}"), chunk("tool_calls")
    )
    assert [item["call_id"] for item in items(events)] == ["c0", "c1"]


def test_a_call_without_id_or_arguments_gets_them() -> None:
    events = written(piece(0, name="now"), chunk("tool_calls"))
    [call] = items(events)
    assert call["call_id"].startswith("call_")
    assert call["arguments"] == "{}"
    assert "".join(event.get("delta", "") for event in events) == "{}"


def test_a_call_waits_for_its_name() -> None:
    [call] = items(written(piece(0, "c0"), piece(0, name="now"), piece(0, arguments="{}")))
    assert (call["name"], call["arguments"]) == ("now", "{}")
    [nameless] = items(written(piece(0, "c0", arguments="{}")))
    assert nameless["name"] == "unknown"


@pytest.mark.parametrize("size", [1, 7, 100])
def test_tools_of_codex_get_back_their_name_space_and_their_kind(size: int) -> None:
    arguments = json.dumps({"input": "*** Begin\n+é\n"})
    pieces = [arguments[at : at + size] for at in range(0, len(arguments), size)]
    events = written(
        piece(0, "c0", "apply_patch"),
        *(piece(0, arguments=one) for one in pieces),
        piece(1, "c1", "clock__sleep", '{"seconds":1}'),
        chunk("tool_calls"),
        to=AnswerTo({"tools": TOOLS}, "resp_1"),
    )
    patch, sleep = items(events)
    assert (patch["type"], patch["name"], patch["input"]) == (
        "custom_tool_call",
        "apply_patch",
        "*** Begin\n+é\n",
    )
    assert "arguments" not in patch
    assert (sleep["name"], sleep["namespace"]) == ("sleep", "clock")
    added = [event["item"] for event in events if event["type"] == "response.output_item.added"]
    assert [(one["type"], one.get("namespace")) for one in added] == [
        ("custom_tool_call", None),
        ("function_call", "clock"),
    ]
    told = "".join(e["delta"] for e in events if e["type"].endswith("tool_call_input.delta"))
    assert told == patch["input"]


def test_thoughts_come_before_words_and_words_may_follow_a_call() -> None:
    events = written(
        chunk(reasoning_content="H"),
        chunk(reasoning_content="m."),
        chunk(content="I look."),
        piece(0, "c0", "now", "{}"),
        chunk(content="Well."),
        chunk("stop"),
    )
    thought, before, call, after = items(events)
    assert thought["summary"] == [{"type": "summary_text", "text": "Hm."}]
    assert [before["content"][0]["text"], after["content"][0]["text"]] == ["I look.", "Well."]
    assert call["type"] == "function_call"


def test_a_refusal_is_a_part_of_the_message() -> None:
    [message] = items(written(chunk(content="I"), chunk(refusal="No."), chunk("stop")))
    assert [part["type"] for part in message["content"]] == ["output_text", "refusal"]
    assert message["content"][1]["refusal"] == "No."


@pytest.mark.parametrize(
    ("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
def test_what_was_cut_is_incomplete(finish: str, reason: str) -> None:
    events = written(chunk(content="Pa"), chunk(finish))
    last = events[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": reason}
    assert last["response"]["output"][0]["content"][0]["text"] == "Pa"


def test_an_answer_that_says_nothing_is_a_response() -> None:
    assert kinds(written(chunk("stop"))) == ["created", "in_progress", "completed"]
    events = written()
    assert (events[-1]["response"]["output"], events[-1]["response"]["usage"]) == ([], None)


def test_an_error_ends_the_stream_with_its_sentence() -> None:
    stream = StreamOut(to=AnswerTo({}, "resp_1"))
    events = [*stream.feed(chunk(content="Pa")), *stream.feed({"error": {"message": "It broke."}})]
    assert stream.feed(chunk(content="ris")) == stream.finish() == []
    name, last = events[-1]
    assert name == "response.failed"
    assert last["response"]["error"]["message"] == "It broke."
    assert last["response"]["id"] == "resp_1"
    assert last["sequence_number"] == len(events) - 1
    first = StreamOut().feed({"error": "overloaded"})
    assert [one for one, _ in first] == [
        "response.created",
        "response.in_progress",
        "response.failed",
    ]


@pytest.mark.parametrize("odd", [None, 7, {}, {"choices": 7}, {"choices": [{"index": 1}]}])
def test_what_is_no_chunk_is_read_over(odd: Any) -> None:
    stream = StreamOut()
    events = [*stream.feed(odd), *stream.feed(chunk(content="Hi")), *stream.finish()]
    assert events[-1][1]["response"]["output"][0]["content"][0]["text"] == "Hi"
