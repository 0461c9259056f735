"""What was found in a span, as a call: what counts as whole, as failed, and as evidence."""

from typing import Any

import pytest
from factories.otlp import TRACE, span
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.calls import NO_ANSWER, NO_QUESTION, PARAMETERS_UNSEEN, TRUNCATED
from tierwatch.intake.otlp.dialects.found import Found, call_of, finish_reason, function_tools
from tierwatch.intake.otlp.telemetry import Event
from tierwatch.wire.usage import Usage

ASKED = [{"role": "user", "content": "Which shelf?"}]
ANSWER = {"role": "assistant", "content": "Shelf four."}
SHAPED = {"role": "assistant", "content": ' {"shelf": 4}'}
CALLING = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}


def found(**more: Any) -> Found:
    return Found(asked="small", model="small-2026", messages=ASKED, answer=ANSWER, finish="stop")._replace(**more)  # fmt: skip # noqa: E501


def test_a_whole_answer_is_finished_evidence() -> None:
    call = call_of(span({}), found())
    assert (call.finished, call.finish_reason, call.status, call.error, call.outside) == (
        True,
        "stop",
        200,
        "",
        "",
    )
    assert call.source_id == f"{TRACE}:{1:016x}"
    assert (call.started_at, call.latency_ms) == (1_795_000_000.0, 250.0)
    assert call.request == {"model": "small", "messages": ASKED}


@pytest.mark.parametrize("finish", [None, "", "unknown", "other", "error", "cancelled", "abort"])
def test_an_answer_of_which_nobody_says_that_it_ended_is_not_finished(finish: str | None) -> None:
    """Status says nothing: OpenLLMetry's is OK after a broken stream."""
    assert not call_of(span({}), found(finish=finish)).finished


@pytest.mark.parametrize("finish", ["stop", "length", "tool_calls", "content_filter", "end_turn"])
def test_an_answer_with_a_reason_is_finished(finish: str) -> None:
    assert call_of(span({}), found(finish=finish)).finished


def test_an_answer_that_ended_without_a_reason_is_finished_without_one() -> None:
    call = call_of(span({}), found(finish=None, whole=True))
    assert (call.finished, call.finish_reason) == (True, None)


def test_a_failed_span_has_no_finished_answer_and_says_why() -> None:
    call = call_of(span({}, failed=True, message="Error code: 429 - slow down"), found())
    assert (call.finished, call.status, call.error) == (False, 429, "Error code: 429 - slow down")
    assert call.outside == ""


@pytest.mark.parametrize(
    ("message", "attributes", "status"),
    [
        ("HTTP status 503", {}, 503),
        ("Error code: 400 - fake", {}, 400),
        ("order 429 is late", {}, 502),
        ("", {"error.type": "429"}, 429),
        ("", {"error.type": "TimeoutError"}, 502),
        ("", {"http.response.status_code": 500}, 500),
        ("", {"http.response.status_code": 200}, 502),
    ],
)
def test_the_status_is_what_is_said_and_never_a_guess(
    message: str, attributes: dict[str, Any], status: int
) -> None:
    call = call_of(span(attributes, failed=True, message=message), found(answer=None))
    assert call.status == status
    assert call.error


def test_an_exception_says_why_where_the_status_does_not() -> None:
    thrown = Event("exception", 1, {"exception.message": "timed out"})
    assert call_of(span({}, failed=True, events=[thrown]), found()).error == "timed out"


def test_an_error_is_cut() -> None:
    assert len(call_of(span({}, failed=True, message="x" * 9_000), found()).error) == 500


def test_a_caller_that_went_away_is_no_failure_of_the_provider() -> None:
    call = call_of(span({}, failed=True, message="gone"), found(gone=True))
    assert (call.finished, call.status, call.error) == (False, 200, "")


@pytest.mark.parametrize(
    ("change", "outside"),
    [
        ({"messages": None}, NO_QUESTION),
        ({"messages": []}, NO_QUESTION),
        ({"answer": None}, NO_ANSWER),
        ({"answer": None, "finish": None}, ""),
        ({"outside": TRUNCATED}, TRUNCATED),
        ({"answer": CALLING}, PARAMETERS_UNSEEN),
        ({"messages": [*ASKED, CALLING, {"role": "tool", "content": "x"}]}, PARAMETERS_UNSEEN),
        ({"answer": CALLING, "tools": [{"type": "function"}]}, ""),
        ({"answer": SHAPED}, ""),
        ({"answer": SHAPED, "form_unseen": True}, PARAMETERS_UNSEEN),
        ({"answer": SHAPED, "form_unseen": True, "parameters": {"response_format": {}}}, ""),
        ({"answer": ANSWER, "form_unseen": True}, ""),
        ({"answer": {"content": "[shelf four]"}, "form_unseen": True}, ""),
        ({"answer": CALLING, "body": {"messages": ASKED}}, ""),
    ],
)
def test_what_is_missing_puts_a_call_outside(change: dict[str, Any], outside: str) -> None:
    """Tools that were called and not sent cannot be offered to another model."""
    assert call_of(span({}), found(**change)).outside == outside


def test_parts_of_the_prompt_are_never_more_than_it() -> None:
    call = call_of(span({}), found(usage=Usage(10, 2, 8, 8)))
    assert (call.prompt_tokens, call.cached_tokens, call.cache_write_tokens) == (10, 8, 2)
    call = call_of(span({}), found(usage=Usage(None, 2, 8, 8)))
    assert (call.prompt_tokens, call.cached_tokens, call.cache_write_tokens) == (None, 0, 0)


def test_a_run_of_several_calls_is_a_session_and_a_call_alone_is_none() -> None:
    assert call_of(span({}, parent="00000000000000aa"), found()).session == TRACE
    assert call_of(span({}), found()).session == ""
    assert call_of(span({}, parent="00000000000000aa"), found(session="s1")).session == "s1"


def test_the_body_that_was_sent_is_the_request() -> None:
    body = {"model": "small", "input": "Which shelf?"}
    call = call_of(span({}), found(body=body, wire="responses", messages=None))
    assert (call.request, call.wire, call.outside) == (body, "responses", "")


def test_a_span_that_ends_before_it_begins_took_no_time() -> None:
    one = span({})
    assert call_of(one._replace(end_ns=one.start_ns - 1), found()).latency_ms == 0


def test_a_providers_api_is_no_part_of_its_name() -> None:
    assert call_of(span({}), found(provider="openai.responses")).provider == "openai"


def test_a_tool_in_any_form_is_one_in_openais() -> None:
    schema = {"type": "object"}
    wanted = {
        "type": "function",
        "function": {"name": "f", "description": "d", "parameters": schema},
    }
    assert (
        function_tools(
            [
                {"name": "f", "description": "d", "parameters": schema},
                {"type": "function", "name": "f", "description": "d", "inputSchema": schema},
                {"type": "function", "name": "f", "description": "d", "input_schema": schema},
                wanted,
            ]
        )
        == [wanted] * 4
    )


def test_a_providers_own_tool_stays_what_it_is() -> None:
    assert function_tools([{"type": "web_search"}, 7]) == [{"type": "web_search"}]
    assert function_tools(None) is None
    assert function_tools({"name": "f"}) is None


def test_reasons_with_a_hyphen_are_the_same() -> None:
    assert finish_reason("content-filter", called=False) == "content_filter"
    assert finish_reason("tool-calls", called=True) == "tool_calls"


@given(
    finish=st.none() | st.text(max_size=12) | st.sampled_from(["stop", "error"]),
    answer=st.none() | st.just(ANSWER),
    failed=st.booleans(),
    whole=st.booleans(),
)
def test_a_finished_call_has_an_answer_and_no_error(
    finish: str | None, answer: dict[str, Any] | None, *, failed: bool, whole: bool
) -> None:
    call = call_of(span({}, failed=failed), found(finish=finish, answer=answer, whole=whole))
    if call.finished:
        assert call.answer is not None
        assert call.error == ""
        assert call.finish_reason not in {"error", "abort"}


def test_a_call_says_where_it_stands_in_its_tools_traces() -> None:
    call = call_of(span({}), found())
    assert (call.their_trace, call.their_span) == (TRACE, f"{1:016x}")
