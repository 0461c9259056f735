"""Portkey's log export."""

import json
from typing import Any

import pytest

from tierwatch.intake.files.lines import NotThisKindError
from tierwatch.intake.files.portkey import CACHED, read

ASKED = {"model": "small", "messages": [{"role": "user", "content": "Which shelf?"}]}
ANSWERED = {
    "model": "small-2026",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Four."}}
    ],
}
ROW: dict[str, Any] = {
    "id": "log-1",
    "trace_id": "trace-1",
    "created_at": "2026-11-18T11:06:40.000Z",
    "request": ASKED,
    "response": ANSWERED,
    "response_status_code": 200,
    "is_success": True,
    "ai_org": "openai",
    "ai_model": "small-2026",
    "req_units": 20,
    "res_units": 5,
    "cost": 0.4,
    "response_time": 250,
    "cache_status": "MISS",
    "metadata": {"_user": "reader-9", "session_id": "talk-1"},
}


def test_a_log() -> None:
    (call,) = read(ROW).calls
    assert (call.source_id, call.asked, call.model) == ("log-1", "small", "small-2026")
    # Cents.
    assert call.cost_usd == pytest.approx(0.004)
    assert (call.prompt_tokens, call.completion_tokens, call.latency_ms) == (20, 5, 250.0)
    assert (call.session, call.user, call.finished, call.outside) == (
        "talk-1",
        "reader-9",
        True,
        "",
    )


@pytest.mark.parametrize(
    "bodies",
    [
        {"request": json.dumps(ASKED), "response": json.dumps(ANSWERED)},
        {"request": {"url": "u", "body": ASKED}, "response": {"status": 200, "body": ANSWERED}},
        {"request.body": ASKED, "response.body": json.dumps(ANSWERED), "request": 1, "response": 1},
    ],
)
def test_bodies_in_the_forms_of_several_exports(bodies: dict[str, Any]) -> None:
    assert read(ROW | bodies).calls == read(ROW).calls


def test_the_address_says_the_wire() -> None:
    (call,) = read(ROW | {"request_url": "https://api.a.example/v1/messages"}).calls
    assert call.wire == "anthropic"


def test_an_answer_of_a_cache_is_no_models() -> None:
    for status in ("HIT", "SEMANTIC HIT", "hit"):
        assert read(ROW | {"cache_status": status}).counted == {CACHED: 1}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"response_status_code": 429}, 429),
        ({"response_status_code": "503"}, 503),
        ({"response_status_code": None, "is_success": 0}, 502),
    ],
)
def test_a_failure_is_one(change: dict[str, Any], status: int) -> None:
    (call,) = read(ROW | change | {"response": {"error": {"message": "slow down"}}}).calls
    assert (call.status, call.error, call.finished) == (status, "slow down", False)


@pytest.mark.parametrize(
    "change", [{"created_at": None}, {"request": None}, {"id": 0, "trace_id": 0}]
)
def test_a_log_needs_three_columns(change: dict[str, Any]) -> None:
    with pytest.raises(NotThisKindError):
        read(ROW | change)
