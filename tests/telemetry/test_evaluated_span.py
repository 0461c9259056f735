"""Which span is evaluated, by what is kept with the exchange; ids follow from the exchange's."""

import uuid

import pytest
from factories.evaluated import BY_CALLER, EXCHANGE, REPORTED, SPAN, TRACE
from factories.served_exchanges import served
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

from tierwatch.store.traced.their_span import reported
from tierwatch.telemetry.evaluated_span import (
    EvaluatedSpan,
    evaluated_span,
    evaluation_trace_id,
    step_span_id,
)
from tierwatch.telemetry.gateway_span import gateway_span
from tierwatch.telemetry.trace_context import read_traceparent, span_id_of


def gateways(headers: dict[str, str]) -> tuple[bytes, bytes]:
    """Trace and span that the gateway's own span has."""
    parent = read_traceparent(headers.get("traceparent", ""))
    exchange = served()._replace(exchange_id=EXCHANGE, headers=headers)
    [span] = ScopeSpans.FromString(gateway_span(exchange, parent, {})).spans
    return span.trace_id, span.span_id


@pytest.mark.parametrize("headers", [{}, BY_CALLER, {"traceparent": "no trace"}])
def test_of_the_gateways_exchanges_it_is_the_gateways_span(headers: dict[str, str]) -> None:
    found = evaluated_span(EXCHANGE, headers)
    assert found is not None
    assert (found.trace_id, found.span_id) == gateways(headers)


def test_a_caller_is_known_and_decides_about_sampling() -> None:
    found = evaluated_span(EXCHANGE, BY_CALLER)
    assert found is not None
    assert found.caller == bytes.fromhex(SPAN)
    assert found.parent == read_traceparent(BY_CALLER["traceparent"])
    alone = evaluated_span(EXCHANGE, None)
    assert alone is not None
    assert alone.caller is alone.parent is None


def test_what_a_source_reported_is_the_span_itself() -> None:
    found = evaluated_span(EXCHANGE, REPORTED)
    assert found is not None
    assert (found.trace_id.hex(), found.span_id.hex(), found.caller) == (TRACE, SPAN, None)
    assert found.parent is not None
    assert found.parent.sampled


@pytest.mark.parametrize(
    ("trace", "span"),
    [
        ("trace-1", "gen-7"),
        ("", ""),
        (TRACE, "x"),
        (TRACE, ""),
        ("0" * 32, SPAN),
        (TRACE, "0" * 16),
    ],
)
def test_ids_that_are_none_of_opentelemetry_name_no_span(trace: str, span: str) -> None:
    assert evaluated_span(EXCHANGE, dict(reported("litellm", trace, span))) is None


def test_ids_are_the_same_each_time_and_apart() -> None:
    other = uuid.UUID(int=EXCHANGE.int + 1)
    spans = {step_span_id(one, step) for one in (EXCHANGE, other) for step in ("shadow", "judge")}
    assert len(spans) == 4
    assert span_id_of(EXCHANGE) not in spans
    assert step_span_id(EXCHANGE, "judge") == step_span_id(EXCHANGE, "judge")
    assert evaluation_trace_id(EXCHANGE) != evaluation_trace_id(other)
    assert (len(evaluation_trace_id(EXCHANGE)), len(step_span_id(EXCHANGE, "judge"))) == (16, 8)
    assert isinstance(evaluated_span(EXCHANGE, {}), EvaluatedSpan)
