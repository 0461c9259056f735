"""Helicone's export."""

import json
from typing import Any

import pytest

from tierwatch.intake.calls import NO_ANSWER
from tierwatch.intake.files.helicone import read
from tierwatch.intake.files.lines import NotThisKindError
from tierwatch.intake.files.portkey import CACHED

ROW: dict[str, Any] = {
    "request_id": "req-1",
    "response_id": "res-1",
    "request_created_at": "2026-11-18T11:06:40+00:00",
    "request_body": {"model": "small", "messages": [{"role": "user", "content": "Which shelf?"}]},
    "request_path": "https://api.openai.com/v1/chat/completions",
    "request_properties": {"Helicone-Session-Id": "talk-1"},
    "request_user_id": "reader-9",
    "response_status": 200,
    "response_body": {
        "model": "small-2026",
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "4."}}
        ],
    },
    "provider": "OPENAI",
    "delay_ms": 250,
    "time_to_first_token": 100,
    "prompt_tokens": 20,
    "completion_tokens": 5,
    "prompt_cache_read_tokens": 12,
    "costUSD": 0.004,
    "cache_reference_id": "00000000-0000-0000-0000-000000000000",
}


def test_a_request() -> None:
    (call,) = read(ROW).calls
    assert (call.source_id, call.asked, call.model, call.provider) == (
        "req-1",
        "small",
        "small-2026",
        "openai",
    )
    assert (call.prompt_tokens, call.completion_tokens, call.cached_tokens) == (20, 5, 12)
    assert (call.latency_ms, call.first_byte_ms, call.cost_usd) == (250.0, 100.0, 0.004)
    assert (call.session, call.user, call.finished, call.outside) == (
        "talk-1",
        "reader-9",
        True,
        "",
    )


def test_bodies_may_be_text() -> None:
    row = ROW | {name: json.dumps(ROW[name]) for name in ("request_body", "response_body")}
    assert read(row) == read(ROW)


def test_anthropics_wire_by_its_path() -> None:
    body = {
        "type": "message", "role": "assistant", "model": "claude", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "4."}],
        "usage": {"input_tokens": 8, "output_tokens": 5},
    }  # fmt: skip
    (call,) = read(ROW | {"request_path": "/v1/messages", "response_body": body}).calls
    assert (call.wire, call.finished, call.prompt_tokens) == ("anthropic", True, 8)


def test_a_stream_that_was_not_put_together_is_no_answer() -> None:
    (call,) = read(ROW | {"response_body": {"streamed_data": "data: {}"}}).calls
    assert (call.finished, call.outside) == (False, NO_ANSWER)


@pytest.mark.parametrize(("status", "said"), [(-3, 502), (429, 429), (None, 502), ("200", 502)])
def test_statuses_of_its_own_are_failures(status: object, said: int) -> None:
    (call,) = read(ROW | {"response_status": status}).calls
    assert (call.status, call.finished) == (said, False)


def test_an_answer_of_its_cache_is_no_models() -> None:
    assert read(ROW | {"cache_reference_id": "1b4e28ba"}).counted == {CACHED: 1}


@pytest.mark.parametrize(
    "change",
    [{"request_body": None}, {"request_id": "", "response_id": ""}, {"request_created_at": 0}],
)
def test_a_request_needs_its_body_and_an_id(change: dict[str, Any]) -> None:
    with pytest.raises(NotThisKindError):
        read(ROW | change)
