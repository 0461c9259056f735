"""A span says of an exchange what the conventions ask, and nothing of what was said."""

import uuid
from typing import Any

import pytest
from factories.gateway_values import NOW
from factories.served_exchanges import served
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

from tierwatch.loop.capture.exchange import Attempt
from tierwatch.telemetry.gateway_span import gateway_span
from tierwatch.telemetry.trace_context import Parent

OWN = uuid.UUID("0193a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b")
PARENT = Parent(bytes(range(1, 17)), bytes(range(1, 9)), sampled=True)


def span(parent: Parent | None = None, **changes: Any) -> Span:
    exchange = served(**({"exchange_id": OWN} | changes))
    written = gateway_span(exchange, parent, {exchange.provider: "openai"})
    [found] = ScopeSpans.FromString(written).spans
    assert (
        ScopeSpans.FromString(written).SerializeToString()
        == ScopeSpans(spans=[found]).SerializeToString()
    )
    return found


def attributes(found: Span) -> dict[str, Any]:
    said = {}
    for one in found.attributes:
        kind = one.value.WhichOneof("value")
        assert kind is not None
        value = getattr(one.value, kind)
        said[one.key] = [v.string_value for v in value.values] if kind == "array_value" else value
    return said


def test_a_span_of_an_answer() -> None:
    found = span(request={"model": "auto", "messages": [{"role": "user", "content": "PRIVATE"}]})
    assert found.name == "chat auto"
    assert found.kind == Span.SPAN_KIND_CLIENT
    assert found.start_time_unix_nano == int(NOW * 1e9)
    assert found.end_time_unix_nano - found.start_time_unix_nano == 900_000_000
    assert found.status.code == Status.STATUS_CODE_UNSET
    exchange = served()
    assert attributes(found) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "auto",
        "gen_ai.response.model": exchange.served_model,
        "gen_ai.request.stream": False,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 21,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.conversation.id": "its own",
        "http.response.status_code": 200,
        "tierwatch.tier": exchange.served_tier,
        "tierwatch.policy.version": exchange.decision.policy_version,
        "tierwatch.confidence": exchange.decision.confidence,
        "tierwatch.cost_usd": 0.000025,
        "tierwatch.overhead_ms": 0.5,
        "tierwatch.request.id": str(OWN),
    }


def test_neither_question_nor_answer_is_in_it() -> None:
    exchange = served("SECRET ANSWER", request={"messages": [{"content": "PRIVATE"}]})
    written = gateway_span(exchange, None, {})
    assert b"SECRET" not in written
    assert b"PRIVATE" not in written


def test_a_callers_trace_goes_on() -> None:
    found = span(PARENT)
    assert (found.trace_id, found.parent_span_id) == (PARENT.trace_id, PARENT.span_id)
    assert found.span_id == OWN.bytes[8:]


def test_a_trace_that_begins_here_is_the_exchanges() -> None:
    found = span()
    assert (found.trace_id, found.span_id, found.parent_span_id) == (
        OWN.bytes,
        OWN.bytes[8:],
        b"",
    )


def test_a_failure_says_so_and_counts_no_tokens() -> None:
    found = span(status=502, answer=None, finish_reason=None, prompt_tokens=0, completion_tokens=0)
    said = attributes(found)
    assert found.status.code == Status.STATUS_CODE_ERROR
    assert (said["error.type"], said["http.response.status_code"]) == ("502", 502)
    assert not [name for name in said if name.startswith("gen_ai.usage")]
    assert "gen_ai.response.finish_reasons" not in said


def test_streams_caches_and_failed_attempts_are_said() -> None:
    said = attributes(
        span(
            request={"stream": True},
            cached_tokens=9,
            cache_write_tokens=300,
            attempts=(
                Attempt("simple", "m", "p", 503, "overloaded", 3.0),
                Attempt("simple", "m", "p", 200, "", 3.0),
            ),
        )
    )
    assert said["gen_ai.request.stream"] is True
    assert said["gen_ai.response.time_to_first_chunk"] == 0.8
    assert said["gen_ai.usage.cache_read.input_tokens"] == 9
    assert said["gen_ai.usage.cache_creation.input_tokens"] == 300
    assert said["tierwatch.failed_attempts"] == 1


def test_a_provider_that_is_not_known_keeps_its_name() -> None:
    exchange = served(provider="gone")
    [found] = ScopeSpans.FromString(gateway_span(exchange, None, {})).spans
    assert attributes(found)["gen_ai.provider.name"] == "gone"


@pytest.mark.parametrize("model", [None, 7, "", "x" * 9_000, "\ud83d"])
def test_any_model_that_a_caller_names(model: object) -> None:
    found = span(request={"model": model})
    assert len(found.name) <= 210


@given(
    st.text(max_size=30),
    st.integers(0, 10**12),
    st.floats(0, 1e9),
    st.integers(100, 599),
    st.none() | st.text(max_size=10),
)
def test_any_exchange_is_read_back(
    session: str, tokens: int, latency_ms: float, status: int, finish: str | None
) -> None:
    found = span(
        session=session,
        prompt_tokens=tokens,
        latency_ms=latency_ms,
        status=status,
        finish_reason=finish,
    )
    said = attributes(found)
    assert said["gen_ai.conversation.id"] == session
    assert said["gen_ai.usage.input_tokens"] == tokens
    assert found.end_time_unix_nano >= found.start_time_unix_nano
