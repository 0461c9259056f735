"""What the first choice of a chat completion says, and what is none."""

from typing import Any

import pytest

from tierwatch.errors import ProviderError
from tierwatch.wire.first_choice import first_choice

REPLY: dict[str, Any] = {
    "id": "c1",
    "object": "chat.completion",
    "model": "m-1",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}


def test_a_reply_is_read() -> None:
    reply = first_choice(REPLY)
    assert reply.message == {"role": "assistant", "content": "Hi"}
    assert (reply.finish_reason, reply.model) == ("stop", "m-1")
    assert (reply.prompt_tokens, reply.completion_tokens) == (3, 1)


def test_missing_or_impossible_counts_are_none() -> None:
    usage = {"prompt_tokens": -1, "completion_tokens": True}
    reply = first_choice({**REPLY, "usage": usage})
    assert (reply.prompt_tokens, reply.completion_tokens) == (None, None)
    assert first_choice({**REPLY, "usage": None}).prompt_tokens is None


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ([], "JSON list"),
        (None, "JSON NoneType"),
        ({}, "no choices"),
        ({"choices": []}, "no choices"),
        ({"choices": ["x"]}, "no message"),
        ({"choices": [{"message": None}]}, "no message"),
        ({"choices": [{"message": {}}]}, "neither content"),
        ({"choices": [{"message": {"content": 7}}]}, "content is a JSON int"),
        ({"choices": [{"message": {"content": None, "tool_calls": "x"}}]}, "tool_calls"),
        ({"error": {"message": "out of credit"}}, "out of credit"),
    ],
)
def test_what_is_no_chat_completion_is_unreadable(reply: object, said: str) -> None:
    with pytest.raises(ProviderError, match=said) as caught:
        first_choice(reply)
    assert caught.value.kind == "unreadable"


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_an_answer_cut_before_its_first_word_is_one(finish: str) -> None:
    for message in ({"role": "assistant"}, {"role": "assistant", "reasoning_content": "Hm."}):
        reply = first_choice({"choices": [{"message": message, "finish_reason": finish}]})
        assert reply.message.get("content") is None
        assert reply.finish_reason == finish


@pytest.mark.parametrize("finish", ["", None, 3])
def test_a_message_of_nothing_that_did_not_stop_is_none(finish: Any) -> None:
    with pytest.raises(ProviderError, match="neither content nor"):
        first_choice({"choices": [{"message": {"role": "x"}, "finish_reason": finish}]})


def test_an_empty_reason_is_none() -> None:
    said = {"message": {"content": "x"}, "finish_reason": ""}
    assert first_choice({"choices": [said]}).finish_reason is None


@pytest.mark.parametrize("reason", ["stop", None, "error"])
def test_a_choice_that_has_an_error_was_given_up_whatever_it_says(reason: str | None) -> None:
    choice = {**REPLY["choices"][0], "finish_reason": reason, "error": {"message": "upstream"}}
    assert first_choice({**REPLY, "choices": [choice]}).finish_reason == "error"
