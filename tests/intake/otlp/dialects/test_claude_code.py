"""Claude Code's events: counted and costed, never judged."""

from typing import Any

import pytest
from factories.otlp import record

from tierwatch.intake.calls import NO_QUESTION
from tierwatch.intake.otlp.dialects.claude_code import SCOPE, call_of_event
from tierwatch.intake.otlp.telemetry import LogRecord

ANSWERED: dict[str, Any] = {
    "session.id": "s1",
    "user.id": "u1",
    "event.sequence": 8,
    "model": "opus",
    "input_tokens": 11,
    "output_tokens": 7,
    "cache_read_tokens": 4,
    "cache_creation_tokens": 3,
    "cost_usd": 0.0002,
    "duration_ms": 500,
    "ttft_ms": 345,
}


def event(name: str = "api_request", **more: Any) -> LogRecord:
    return record(name, f"claude_code.{name}", ANSWERED | more, scope=SCOPE, trace="")


def test_a_request_is_a_call_without_a_question() -> None:
    call = call_of_event(event())
    assert call is not None
    assert (call.asked, call.model, call.provider, call.wire) == (
        "opus",
        "opus",
        "anthropic",
        "anthropic",
    )
    # What went through the cache is counted beside the rest: 11 + 4 + 3.
    assert (call.prompt_tokens, call.cached_tokens, call.cache_write_tokens) == (18, 4, 3)
    assert (call.completion_tokens, call.cost_usd) == (7, 0.0002)
    assert (call.latency_ms, call.first_byte_ms) == (500.0, 345.0)
    assert call.started_at == pytest.approx(1_795_000_000 - 0.5)
    assert (call.finished, call.outside, call.status) == (False, NO_QUESTION, 200)
    assert (call.session, call.user) == ("s1", "u1")


def test_events_of_one_session_have_ids_of_their_own() -> None:
    ids = {
        call.source_id
        for call in (call_of_event(event()), call_of_event(event(**{"event.sequence": 9})))
        if call
    }
    assert len(ids) == 2


def test_an_error_is_a_failed_call() -> None:
    call = call_of_event(
        event("api_error", error="Overloaded", status_code="529", duration_ms="70")
    )
    assert call is not None
    assert (call.status, call.error, call.model, call.outside) == (529, "Overloaded", "", "")
    assert call.latency_ms == 70


@pytest.mark.parametrize("name", ["user_prompt", "tool_result", "assistant_response", ""])
def test_other_events_are_no_calls(name: str) -> None:
    assert call_of_event(event(name)) is None


def test_an_event_without_counts_has_none() -> None:
    call = call_of_event(record("api_request", scope=SCOPE))
    assert call is not None
    assert (call.prompt_tokens, call.completion_tokens, call.cost_usd) == (None, None, None)
