"""Logged answers, read by the wire that they are on."""

from typing import Any

import pytest

from tierwatch.intake.replies import logged_reply, said_message

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_what_a_library_adds_to_a_message_is_left_out() -> None:
    message = {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "annotations": [],
        "tool_calls": [CALL | {"index": 0}],
    }
    assert said_message(message) == {"role": "assistant", "content": None, "tool_calls": [CALL]}


@pytest.mark.parametrize(
    "message",
    [{}, {"content": ""}, {"content": None, "tool_calls": []}, {"content": 7}, {"tool_calls": [7]}],
)
def test_a_message_that_says_nothing_is_none(message: dict[str, Any]) -> None:
    assert said_message(message) is None


def test_a_refusal_is_said() -> None:
    assert said_message({"content": None, "refusal": "No."}) == {
        "role": "assistant",
        "content": None,
        "refusal": "No.",
    }


@pytest.mark.parametrize("wire", ["openai", "anthropic", "responses"])
@pytest.mark.parametrize("body", [None, {}, [], "x", {"error": {"message": "no"}}, {"choices": []}])
def test_what_is_no_answer_on_the_wire_is_none(wire: str, body: object) -> None:
    assert logged_reply(body, wire) is None
