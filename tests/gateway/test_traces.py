"""A caller's trace goes through the gateway: its span is between theirs and the provider's."""

from typing import Any

import pytest
from fakes.gateway import Recorded
from prometheus_client import CollectorRegistry

from tierwatch.intake.otlp.protobuf_requests import spans_of_protobuf
from tierwatch.intake.otlp.telemetry import Span
from tierwatch.telemetry.continued import Continued
from tierwatch.telemetry.exporter import Exporter
from tierwatch.telemetry.otel_environment import read_otel
from tierwatch.telemetry.traced_recorder import SpanMetrics, TracedRecorder, sampler

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
BODY = {"model": "auto", "messages": [{"role": "user", "content": "PRIVATE?"}], "max_tokens": 9}
PATHS = ("/v1/chat/completions", "/v1/messages", "/v1/responses")


class Traced:
    """What a gateway is built with to export traces, and the spans as our own intake reads them."""

    def __init__(self) -> None:
        self.recorded, self.bodies = Recorded(), []
        settings = read_otel({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, service="gateway")

        def post(body: bytes) -> Any:
            self.bodies.append(body)
            return "taken"

        self.exporter = Exporter(settings, post)
        keeps = sampler(settings.sampler, settings.ratio)
        vendors = {"openai": "openai"}
        self.recorder = TracedRecorder(self.recorded, self.exporter, keeps, vendors)
        self.continued = Continued(keeps)

    def spans(self) -> list[Span]:
        self.exporter.start()
        self.exporter.stop(60)
        return [span for body in self.bodies for span in spans_of_protobuf(body).spans]


def started(start_gateway: Any, provider: Any) -> tuple[Any, Traced]:
    traced = Traced()
    return (
        start_gateway(provider, recorder=traced.recorder, continued=traced.continued),
        traced,
    )


def post(gateway: Any, path: str, **headers: str) -> None:
    asked = {**BODY, "input": "Hello"} if path == "/v1/responses" else BODY
    assert gateway.client.post(path, json=asked, headers=headers).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_callers_trace_goes_through_the_gateways_span_to_the_provider(
    start_gateway: Any, openai_provider: Any, wire: Any, path: str
) -> None:
    gateway, traced = started(start_gateway, openai_provider)
    post(gateway, path, traceparent=f"00-{TRACE}-{PARENT}-01", tracestate="a=1")
    wire.until(lambda: traced.recorded.exchanges)
    [span] = traced.spans()
    assert (span.trace_id, span.parent_id) == (TRACE, PARENT)
    [received] = openai_provider.received
    assert received.headers["traceparent"] == f"00-{TRACE}-{span.span_id}-01"
    assert received.headers["tracestate"] == "a=1"
    [served] = traced.recorded.exchanges
    assert span.attributes["gen_ai.response.model"] == served.served_model
    assert span.attributes["tierwatch.request.id"] == str(served.exchange_id)
    assert b"PRIVATE" not in b"".join(traced.bodies)


def test_a_trace_begins_here_where_the_caller_has_none(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    gateway, traced = started(start_gateway, openai_provider)
    post(gateway, PATHS[0])
    wire.until(lambda: traced.recorded.exchanges)
    [span] = traced.spans()
    [received] = openai_provider.received
    assert received.headers["traceparent"] == f"00-{span.trace_id}-{span.span_id}-01"
    assert span.parent_id == ""


def test_a_trace_that_its_caller_does_not_keep_is_passed_on_as_it_came(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    gateway, traced = started(start_gateway, openai_provider)
    named = f"00-{TRACE}-{PARENT}-00"
    post(gateway, PATHS[0], traceparent=named)
    wire.until(lambda: traced.recorded.exchanges)
    assert traced.spans() == []
    assert openai_provider.received[0].headers["traceparent"] == named


def test_a_refused_answer_is_a_failed_span(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.usual = wire.json({"error": {"message": "no"}}, 401)
    gateway, traced = started(start_gateway, openai_provider)
    assert gateway.client.post(PATHS[0], json=BODY).status_code == 502
    wire.until(lambda: traced.recorded.exchanges)
    [span] = traced.spans()
    assert span.attributes["error.type"] == "502"
    assert span.attributes["tierwatch.failed_attempts"] >= 1


def test_dropped_spans_are_on_the_gateways_page(start_gateway: Any, openai_provider: Any) -> None:
    traced, registry = Traced(), CollectorRegistry()
    registry.register(SpanMetrics(traced.exporter))
    gateway = start_gateway(openai_provider, recorder=traced.recorder, registry=registry)
    page = gateway.client.get("/metrics").text
    assert 'tierwatch_gateway_spans_total{result="dropped"} 0.0' in page
    assert "tierwatch_spans" not in page
