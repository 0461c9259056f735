"""Logged bodies as calls, on each wire."""

from typing import Any

import pytest

from tierwatch.intake.calls import NO_ANSWER, NO_QUESTION, PARAMETERS_UNSEEN, TRUNCATED
from tierwatch.intake.files.bodies import Logged, call_of_bodies, wire_of
from tierwatch.wire.usage import Usage

ASKED = {"model": "small", "messages": [{"role": "user", "content": "Which shelf?"}]}
USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 5,
    "prompt_tokens_details": {"cached_tokens": 12},
}
ANSWERED: dict[str, Any] = {
    "id": "c1",
    "model": "small-2026",
    "choices": [
        {"finish_reason": "stop", "message": {"role": "assistant", "content": "Four."}, "index": 0}
    ],
    "usage": USAGE,
}
LOGGED = Logged("1", 1_795_000_000.0, provider="OPENAI", usage=Usage(99, 9, 50))


def test_a_chat_completion() -> None:
    call = call_of_bodies(LOGGED, ASKED, ANSWERED, "openai")
    assert (call.asked, call.model, call.provider) == ("small", "small-2026", "openai")
    assert call.answer is not None
    assert (call.answer["content"], call.finish_reason, call.finished) == ("Four.", "stop", True)
    # The provider's own counts, and not the log's.
    assert (call.prompt_tokens, call.completion_tokens, call.cached_tokens) == (20, 5, 12)
    assert (call.outside, call.status, call.error) == ("", 200, "")


def test_the_logs_counts_stand_where_the_answer_has_none() -> None:
    call = call_of_bodies(LOGGED, ASKED, ANSWERED | {"usage": None}, "openai")
    assert (call.prompt_tokens, call.completion_tokens, call.cached_tokens) == (99, 9, 50)


def test_an_anthropic_message() -> None:
    answer = {
        "id": "m1", "type": "message", "role": "assistant", "model": "claude",
        "stop_reason": "end_turn", "content": [{"type": "text", "text": "Four."}],
        "usage": {"input_tokens": 8, "output_tokens": 5, "cache_read_input_tokens": 12},
    }  # fmt: skip
    call = call_of_bodies(LOGGED, ASKED | {"max_tokens": 9}, answer, "anthropic")
    assert (call.wire, call.finish_reason, call.finished) == ("anthropic", "stop", True)
    assert (call.prompt_tokens, call.cached_tokens) == (20, 12)


def test_a_response() -> None:
    item = {
        "type": "message", "role": "assistant", "id": "m1", "status": "completed",
        "content": [{"type": "output_text", "text": "Four.", "annotations": []}],
    }  # fmt: skip
    answer = {"id": "r1", "status": "completed", "model": "small-2026", "output": [item]}
    call = call_of_bodies(LOGGED, {"model": "small", "input": "Which?"}, answer, "responses")
    assert (call.finished, call.outside, call.prompt_tokens) == (True, "", 99)
    kept = call_of_bodies(
        LOGGED,
        {"model": "small", "input": "And?", "previous_response_id": "r0"},
        answer,
        "responses",
    )
    assert kept.outside == PARAMETERS_UNSEEN


@pytest.mark.parametrize("finish", [None, "", "error", "unknown"])
def test_an_answer_without_a_reason_is_not_finished(finish: str | None) -> None:
    choice = ANSWERED["choices"][0] | {"finish_reason": finish}
    assert not call_of_bodies(LOGGED, ASKED, ANSWERED | {"choices": [choice]}, "openai").finished


def test_a_failure_says_why() -> None:
    failed = LOGGED._replace(status=429, model="small-2026")
    call = call_of_bodies(failed, ASKED, {"error": {"message": "slow down"}}, "openai")
    assert (call.status, call.error, call.finished, call.outside) == (429, "slow down", False, "")
    assert call.model == ""
    assert call_of_bodies(failed, ASKED, None, "openai").error


@pytest.mark.parametrize(
    ("request_body", "answer", "outside"),
    [
        ({"model": "small"}, ANSWERED, NO_QUESTION),
        (None, ANSWERED, NO_QUESTION),
        (ASKED, None, NO_ANSWER),
        (ASKED, {"streamed_data": "..."}, NO_ANSWER),
        (
            {"messages": [{"role": "user", "content": "[base64_data truncated: 2.9KB]"}]},
            ANSWERED,
            TRUNCATED,
        ),
    ],
)
def test_what_is_missing_is_said(request_body: object, answer: object, outside: str) -> None:
    assert call_of_bodies(LOGGED, request_body, answer, "openai").outside == outside


@pytest.mark.parametrize(
    ("request_body", "address", "provider", "wire"),
    [
        (ASKED, "https://a.example/v1/chat/completions", "anthropic", "openai"),
        (ASKED, "/v1/messages?beta=true", "", "anthropic"),
        (ASKED, "", "ANTHROPIC", "anthropic"),
        (ASKED, "", "openai", "openai"),
        ({"input": "x"}, "", "", "responses"),
        ({}, "/v1/responses/", "", "responses"),
        (None, "", "", "openai"),
    ],
)
def test_the_wire_of_a_request(
    request_body: object, address: str, provider: str, wire: str
) -> None:
    assert wire_of(request_body, address, provider) == wire
