"""Messages as typed answers, and back."""

from typing import Any

import pytest

from tierwatch.errors import ProviderError
from tierwatch.wire.anthropic_messages.replies import (
    finish_reason,
    read_reply,
    stop_reason,
    write_reply,
)
from tierwatch.wire.chat import OPENAI, ChatAnswer, Declined, Extras, Text, ToolCall, Turn
from tierwatch.wire.usage import Usage

REPLY: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 1},
}
THERE = Extras(OPENAI)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"stop_reason": "stop_sequence", "stop_sequence": "END"},
        {"stop_reason": "pause_turn"},
        {"stop_reason": "refusal", "stop_details": {"type": "refusal", "explanation": "No."}},
        {"usage": {"input_tokens": 3, "output_tokens": 1, "service_tier": "standard"}},
        {"container": {"id": "c"}},
        {"content": [{"type": "thinking", "thinking": "", "signature": "s"}]},
    ],
)
def test_what_is_not_typed_is_said_again(more: dict[str, Any]) -> None:
    assert write_reply(read_reply(REPLY | more)) == REPLY | more


def test_a_changed_reason_is_written_and_not_the_word_that_was_read() -> None:
    answer = read_reply(REPLY | {"stop_reason": "pause_turn"})._replace(finish_reason="length")
    assert write_reply(answer)["stop_reason"] == "max_tokens"
    counted = answer._replace(usage=Usage(9, 2, 4))
    assert write_reply(counted)["usage"] == {
        "input_tokens": 5,  # 9 - 4
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 4,
        "output_tokens": 2,
    }


def test_fields_stand_in_the_order_of_the_wire() -> None:
    turn = Turn("assistant", (Text("hi", THERE),), plain=True, extras=THERE)
    answer = ChatAnswer("i", "m", 1, turn, "stop", Usage(3, 1), THERE)
    assert list(write_reply(answer)) == list(REPLY)


def test_why_it_declined_is_a_part_of_the_answer() -> None:
    answer = read_reply(REPLY | {"stop_details": {"explanation": "No."}})
    assert [type(part) for part in answer.turn.parts] == [Text, Declined]


def test_an_answer_of_another_wire_is_its_words_then_its_calls() -> None:
    parts = (
        ToolCall("c", "f", '{"a":1}', THERE),
        Text("a", THERE),
        Text("", THERE),
        Text("b", THERE),
        Declined("No.", THERE),
    )
    turn = Turn("assistant", parts, plain=False, extras=THERE)
    answer = ChatAnswer("c1", "m", 7, turn, "stop", Usage(), THERE)
    reply = write_reply(answer)
    assert reply["content"] == [
        {"type": "text", "text": "a\nb"},
        {"type": "text", "text": "No."},
        {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}},
    ]
    # Some compatible servers say "stop" beside calls: the caller would stop working there.
    assert reply["stop_reason"] == "tool_use"


@pytest.mark.parametrize(
    ("finish", "called", "stop"),
    [
        ("stop", False, "end_turn"),
        ("stop", True, "tool_use"),
        ("length", True, "max_tokens"),
        ("function_call", True, "tool_use"),
        ("content_filter", False, "refusal"),
        ("eos", False, "end_turn"),
        (None, False, None),
    ],
)
def test_reasons_for_stopping(finish: str | None, stop: str | None, *, called: bool) -> None:
    assert stop_reason(finish, called=called) == stop


@pytest.mark.parametrize(
    ("stop", "finish"), [("tool_use", "tool_calls"), ("new", "stop"), (None, None), (["x"], None)]
)
def test_a_reason_nobody_knows_is_an_end_like_others(stop: object, finish: str | None) -> None:
    assert finish_reason(stop) == finish


@pytest.mark.parametrize("reply", [None, [], "x", {}, {"content": "x"}, {"content": None}])
def test_what_is_no_message_is_unreadable(reply: object) -> None:
    with pytest.raises(ProviderError, match="not a message") as caught:
        read_reply(reply)
    assert caught.value.kind == "unreadable"
