"""A shadow's call and a judge's work, read back by OpenTelemetry's own messages."""

from typing import Any

import pytest
from factories.evaluated import (
    BY_CALLER,
    EXCHANGE,
    REPORTED,
    SECRET,
    SPAN,
    TRACE,
    answered,
    call,
    evaluated,
    verdict,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

from tierwatch.loop.compare.listening import Evaluated
from tierwatch.store.traced.their_span import reported
from tierwatch.telemetry.evaluated_span import evaluated_span
from tierwatch.telemetry.evaluation_spans import judge_span, shadow_span
from tierwatch.telemetry.trace_context import span_id_of

IDS = (b"t" * 16, b"s" * 8)
VENDORS = {"lab": "anthropic"}


def read(written: bytes) -> Span:
    [span] = ScopeSpans.FromString(written).spans
    return span


def attributes(given: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in given.attributes}


def shadow(of: Evaluated, *, failed: str = "") -> Span:
    about = evaluated_span(of.served_id, of.pair.asked and of.pair.asked.headers)
    answer = None if failed else answered()
    heard = call(error=failed)
    return read(shadow_span(of, heard, answer, ids=IDS, about=about, vendors=VENDORS))


def test_a_shadow_is_a_chat_by_the_conventions() -> None:
    span = shadow(evaluated(BY_CALLER))
    assert (span.name, span.kind) == ("chat medium-1", Span.SPAN_KIND_CLIENT)
    assert (span.trace_id, span.span_id, span.parent_span_id) == (*IDS, b"")
    assert span.end_time_unix_nano - span.start_time_unix_nano == 2_000_000_000
    assert attributes(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "medium-1",
        "gen_ai.response.model": "medium-1-2026",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 40,
        "tierwatch.step": "shadow",
        "tierwatch.tier": "standard",
        "tierwatch.direction": "up",
        "tierwatch.policy.version": 3,
        "tierwatch.request.id": str(EXCHANGE),
        "tierwatch.cost_usd": 0.003,
    }
    assert span.status.code == Status.STATUS_CODE_UNSET


def test_it_is_linked_to_the_gateways_span_and_to_its_callers() -> None:
    links = shadow(evaluated(BY_CALLER)).links
    assert [(one.trace_id.hex(), one.span_id.hex(), attributes(one)) for one in links] == [
        (TRACE, span_id_of(EXCHANGE).hex(), {"tierwatch.link": "evaluated"}),
        (TRACE, SPAN, {"tierwatch.link": "caller"}),
    ]


def test_it_is_linked_to_the_span_that_a_source_reported() -> None:
    [link] = shadow(evaluated(REPORTED)).links
    assert (link.trace_id.hex(), link.span_id.hex()) == (TRACE, SPAN)


def test_without_ids_of_opentelemetry_it_is_linked_to_nothing() -> None:
    assert not shadow(evaluated(dict(reported("litellm", "", "")))).links


def test_a_call_that_failed_says_so() -> None:
    span = shadow(evaluated(), failed="rate_limited")
    assert span.status.code == Status.STATUS_CODE_ERROR
    found = attributes(span)
    assert found["error.type"] == "rate_limited"
    assert "gen_ai.response.model" not in found


@pytest.mark.parametrize("answered_by", ["alternative", None])
def test_a_judge_is_an_internal_span_in_names_of_ours(answered_by: str | None) -> None:
    of = evaluated(BY_CALLER, direction="down")
    about = evaluated_span(of.served_id, BY_CALLER)
    heard = call(model="pairwise/v2/judge-1", provider="")
    span = read(judge_span(of, heard, verdict(answered_by), ids=IDS, about=about))
    assert (span.name, span.kind, len(span.links)) == ("judge", Span.SPAN_KIND_INTERNAL, 2)
    found = attributes(span)
    assert not [name for name in found if name.startswith("gen_ai.")]
    assert found["tierwatch.judge.version"] == "pairwise/v2/judge-1"
    assert (found["tierwatch.judge.calls"], found["tierwatch.direction"]) == (2, "down")


def test_a_judge_that_failed_says_so() -> None:
    span = read(judge_span(evaluated(), call(error="timeout"), None, ids=IDS, about=None))
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert "tierwatch.judge.calls" not in attributes(span)


def test_a_clock_that_was_set_back_makes_no_negative_time() -> None:
    heard = call(began_at=100.0, ended_at=50.0)
    span = read(judge_span(evaluated(), heard, verdict(), ids=IDS, about=None))
    assert span.end_time_unix_nano == span.start_time_unix_nano


def test_nothing_of_what_was_said_is_in_them() -> None:
    of = evaluated(BY_CALLER)
    both = judge_span(of, call(), verdict(), ids=IDS, about=None) + shadow_span(
        of, call(), answered(), ids=IDS, about=None, vendors={}
    )
    assert SECRET.encode() not in both
