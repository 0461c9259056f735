"""A response told as a stream, checked against the vendor's helper."""

import json
from typing import Any

import openai
import pytest
from factories.wires import events
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from tierwatch.wire.openai_responses.whole_stream import whole_stream

STREAM_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
TEXT = {"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}
MESSAGE = {
    "type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
    "content": [TEXT, {"type": "refusal", "refusal": "No."}],
}  # fmt: skip
CALL = {
    "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": '{"a":1}',
    "status": "completed",
}  # fmt: skip
PATCH = {
    "type": "custom_tool_call", "id": "ctc_1", "call_id": "c2", "name": "patch", "input": "***",
    "status": "completed",
}  # fmt: skip
THOUGHT = {
    "type": "reasoning", "id": "rs_1", "encrypted_content": "gAAA",
    "summary": [{"type": "summary_text", "text": "Hm."}],
}  # fmt: skip
SEARCH = {
    "type": "web_search_call", "id": "ws_1", "status": "completed",
    "action": {"type": "search", "query": "x", "queries": ["x"]},
}  # fmt: skip


def told(*output: Any, **more: Any) -> list[dict[str, Any]]:
    reply = {
        "id": "resp_1", "object": "response", "created_at": 7, "model": "m", "tools": [],
        "tool_choice": "auto", "parallel_tool_calls": True, "status": "completed",
        "output": list(output), **more,
    }  # fmt: skip
    sent = events(whole_stream(reply))
    payloads = [json.loads(event.data) for event in sent]
    assert [event.event for event in sent] == [payload["type"] for payload in payloads]
    assert payloads[-1]["response"] == reply
    return payloads


def test_every_item_is_told_and_stands_as_it_was() -> None:
    output = [THOUGHT, MESSAGE, CALL, PATCH, SEARCH]
    payloads = told(*output)
    state: Any = ResponseStreamState(text_format=openai.omit, input_tools=[])
    for payload in payloads:
        state.handle_event(STREAM_EVENT.validate_python(payload))
    done = [one["item"] for one in payloads if one["type"] == "response.output_item.done"]
    assert done == output
    assert [one["sequence_number"] for one in payloads] == list(range(len(payloads)))
    added = [one["item"] for one in payloads if one["type"] == "response.output_item.added"]
    assert [one.get("content", one.get("arguments", one.get("input"))) for one in added] == [
        None,
        [],
        "",
        "",
        None,
    ]
    deltas = [one["delta"] for one in payloads if "delta" in one]
    assert deltas == ["Hm.", "Hi", "No.", '{"a":1}', "***"]


@pytest.mark.parametrize(
    ("status", "last"),
    [
        ("completed", "response.completed"),
        ("incomplete", "response.incomplete"),
        ("failed", "response.failed"),
        ("odd", "response.completed"),
    ],
)
def test_the_last_event_is_named_after_the_status(status: str, last: str) -> None:
    assert told(status=status)[-1]["type"] == last


def test_parts_and_items_of_new_kinds_begin_whole() -> None:
    strange = {"type": "hologram", "id": "h_1"}
    part = {"type": "smell", "of": "rain"}
    payloads = told(strange, {**MESSAGE, "content": [part]})
    added = [one for one in payloads if one["type"].endswith(".added")]
    assert added[0]["item"] == strange
    assert added[-1]["part"] == part
