"""OpenAI's stored completions, pairs, and its Evals' output items."""

from typing import Any

import pytest

from tierwatch.intake.calls import NO_QUESTION, OTHER
from tierwatch.intake.files.lines import NotThisKindError
from tierwatch.intake.files.openai import read, read_eval

MESSAGE = {
    "id": "m0",
    "role": "user",
    "content": "Which shelf?",
    "name": None,
    "content_parts": None,
}
STORED: dict[str, Any] = {
    "object": "chat.completion",
    "id": "chatcmpl-1",
    "model": "small-2026",
    "created": 1_795_000_000,
    "request_id": "req_1",
    "tool_choice": None,
    "tools": None,
    "temperature": 0.3,
    "seed": 7,
    "metadata": {"session_id": "talk-1"},
    "usage": {"prompt_tokens": 20, "completion_tokens": 5},
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Four."}}
    ],
    "messages": [MESSAGE],
}
ITEM: dict[str, Any] = {
    "object": "eval.run.output_item",
    "id": "outputitem_1",
    "run_id": "run_1",
    "created_at": 1_795_000_000,
    "sample": {
        "input": [{"role": "developer", "content": "Be short."}, {"role": "user", "content": "?"}],
        "output": [{"role": "assistant", "content": "Four."}],
        "finish_reason": "stop",
        "model": "small-2026",
        "usage": {"prompt_tokens": 20, "completion_tokens": 5, "cached_tokens": 12},
        "error": None,
        "temperature": 1,
        "max_completion_tokens": 90,
    },
}


def test_a_stored_completion_with_its_messages() -> None:
    (call,) = read(STORED).calls
    assert call.request == {
        "model": "small-2026",
        "messages": [{"role": "user", "content": "Which shelf?"}],
        "temperature": 0.3,
        "seed": 7,
    }
    assert (call.source_id, call.session, call.provider) == ("chatcmpl-1", "talk-1", "openai")
    assert (call.finished, call.finish_reason, call.prompt_tokens) == (True, "stop", 20)


def test_without_its_messages_there_is_no_question() -> None:
    (call,) = read({**STORED, "messages": None}).calls
    assert (call.outside, call.completion_tokens) == (NO_QUESTION, 5)


def test_parts_of_a_message_are_its_content() -> None:
    parts = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": "u"}}]
    (call,) = read({**STORED, "messages": [MESSAGE | {"content_parts": parts}]}).calls
    assert call.request["messages"] == [{"role": "user", "content": parts}]


def test_tools_are_offered_as_they_were() -> None:
    tools = [{"type": "function", "function": {"name": "find"}}]
    (call,) = read({**STORED, "tools": tools, "tool_choice": "required"}).calls
    assert (call.request["tools"], call.request["tool_choice"]) == (tools, "required")


def test_a_pair_of_bodies() -> None:
    pair = {
        "id": "p1",
        "created_at": "2026-11-18T11:06:40Z",
        "request": {"model": "small", "messages": [{"role": "user", "content": "?"}], "user": "u1"},
        "response": STORED,
    }
    (call,) = read(pair).calls
    assert (call.source_id, call.asked, call.model, call.user) == (
        "p1",
        "small",
        "small-2026",
        "u1",
    )
    assert (call.started_at, call.finished) == (1_795_000_000.0, True)


def test_an_output_item() -> None:
    (call,) = read_eval(ITEM).calls
    assert [message["role"] for message in call.request["messages"]] == ["developer", "user"]
    assert call.request["max_completion_tokens"] == 90
    assert (call.prompt_tokens, call.cached_tokens) == (20, 12)
    assert (call.session, call.finished, call.outside) == ("run_1", True, "")


def test_an_output_item_that_failed() -> None:
    sample = {
        **ITEM["sample"],
        "error": {"code": "rate_limit", "message": "slow down"},
        "output": [],
    }
    (call,) = read_eval({**ITEM, "sample": sample}).calls
    assert (call.status, call.error, call.finished) == (502, "slow down", False)


def test_runs_and_evals_of_an_export_are_passed_over() -> None:
    assert read_eval({"object": "eval.run", "id": "run_1"}).counted == {OTHER: 1}


@pytest.mark.parametrize("bad", [{}, {"object": 7}, {"id": "x"}])
def test_what_is_neither_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(NotThisKindError):
        read(bad)
    with pytest.raises(NotThisKindError):
        read_eval(bad)
