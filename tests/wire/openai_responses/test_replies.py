"""Responses as typed answers, and back, checked against the vendor's types."""

from typing import Any

import pytest
from openai.types.responses import Response

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import (
    OPENAI,
    ChatAnswer,
    Declined,
    Extras,
    Part,
    Reasoning,
    Text,
    ToolCall,
    Turn,
)
from tierwatch.wire.form import AnswerTo
from tierwatch.wire.openai_responses.replies import read_reply, write_reply
from tierwatch.wire.usage import Usage

CHAT = Extras(OPENAI)
MESSAGE = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant"}
WORDS = {**MESSAGE, "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}


def reply(*output: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1", "object": "response", "created_at": 7, "model": "m",
        "status": "completed", "output": list(output), **more,
    }  # fmt: skip


def answer(*parts: Part, finish: str | None = "stop") -> ChatAnswer:
    turn = Turn("assistant", parts, plain=False, extras=CHAT)
    return ChatAnswer("chatcmpl-1", "m", 7, turn, finish, Usage(9, 3, 4), CHAT)


def test_what_a_response_says() -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
    usage = {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}
    read = read_reply(reply(WORDS, call, usage=usage))
    assert (read.id, read.model, read.created, read.finish_reason) == (
        "resp_1",
        "m",
        7,
        "tool_calls",
    )
    assert read.usage == Usage(9, 3)
    assert [type(part) for part in read.turn.parts] == [Text, ToolCall]


@pytest.mark.parametrize(
    ("ending", "finish"),
    [
        ({}, "stop"),
        ({"status": None}, "stop"),
        ({"status": "incomplete"}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
         "content_filter"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
    ],
)  # fmt: skip
def test_how_a_response_ended(ending: Any, finish: str) -> None:
    assert read_reply(reply(WORDS, **ending)).finish_reason == finish


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ([], "not a response"),
        ({"error": {"message": "No."}}, "No."),
        (reply(output=None), "not a response"),
        (reply(status="failed", error={"message": "It broke."}), "failed. It broke."),
        (reply(status="queued"), "queued."),
        (reply(status="in_progress"), "in_progress."),
        (reply(status="cancelled"), "cancelled."),
    ],
)
def test_what_is_no_answer_is_unreadable(said: Any, sentence: str) -> None:
    with pytest.raises(ProviderError, match=sentence) as caught:
        read_reply(said)
    assert caught.value.kind == "unreadable"


@pytest.mark.parametrize("when", [7.5, "now", None, True, 1e300])
def test_a_time_of_another_form_is_kept_as_it_was(when: Any) -> None:
    body = reply(WORDS, created_at=when)
    assert write_reply(read_reply(body, created=5)) == body
    assert read_reply(body, created=5).created == (7 if when == 7.5 else 5)


def test_an_answer_of_another_wire_is_a_response_as_the_vendor_writes_it() -> None:
    parts = (
        Reasoning("Hm.", CHAT),
        Text("I look.", CHAT),
        Declined("Not that.", CHAT),
        ToolCall("c1", "f", '{"a":1}', CHAT),
        ToolCall("c2", "f", "", CHAT),
    )
    request = {"tools": [], "temperature": 0.5, "instructions": "Be brief.", "store": False}
    written = write_reply(answer(*parts, finish="tool_calls"), to=AnswerTo(request, "resp_9"))
    Response.model_validate(written, strict=False)
    assert (written["id"], written["status"], written["error"]) == ("resp_9", "completed", None)
    assert (written["temperature"], written["instructions"], written["store"]) == (
        0.5,
        "Be brief.",
        False,
    )
    assert [item["type"] for item in written["output"]] == [
        "reasoning",
        "message",
        "function_call",
        "function_call",
    ]
    ids = [item["id"] for item in written["output"]]
    assert ids == ["rs_9_0", "msg_9_1", "fc_9_2", "fc_9_3"]
    assert [item.get("status") for item in written["output"]] == [None, *["completed"] * 3]
    assert written["output"][3]["arguments"] == "{}"
    assert written["usage"]["total_tokens"] == 12


def test_without_a_name_of_ours_the_providers_stands() -> None:
    written = write_reply(answer(Text("Hi", CHAT)))
    assert written["id"] == "chatcmpl-1"
    assert written["output"][0]["id"] == "msg_chatcmpl1_0"
    assert written["parallel_tool_calls"] is True
    assert (written["tool_choice"], written["tools"], written["text"]) == (
        "auto",
        [],
        {"format": {"type": "text"}},
    )


@pytest.mark.parametrize(
    ("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
def test_what_was_cut_is_incomplete(finish: str, reason: str) -> None:
    written = write_reply(answer(Text("Pa", CHAT), finish=finish))
    assert (written["status"], written["incomplete_details"]) == ("incomplete", {"reason": reason})
    assert written["output"][-1]["status"] == ("incomplete" if finish == "length" else "completed")


def test_nothing_said_and_nothing_counted() -> None:
    turn = Turn("assistant", (Text("", CHAT),), plain=True, extras=CHAT)
    written = write_reply(ChatAnswer("a", "m", 7, turn, "stop", Usage(), CHAT))
    assert (written["output"], written["usage"], written["status"]) == ([], None, "completed")


def test_changed_counts_are_written_anew() -> None:
    usage = {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}
    read = read_reply(reply(WORDS, usage=usage))
    assert write_reply(read)["usage"] == usage
    assert write_reply(read._replace(usage=Usage(1, 1)))["usage"]["total_tokens"] == 2
