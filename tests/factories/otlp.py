"""Telemetry as instrumentations send it: spans and log records, and the requests that carry them.

Every model, question and answer in it is invented.
"""

import base64
import json
from collections.abc import Iterable
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tierwatch.intake.calls import Call
from tierwatch.intake.otlp.dialects.table import dialect_of
from tierwatch.intake.otlp.telemetry import Event, LogRecord, Span

TRACE = "0af7651916cd43dd8448eb211c80319c"
START_NS = 1_795_000_000_000_000_000
GEN_AI = "opentelemetry.instrumentation.genai.openai"
V2 = "opentelemetry.instrumentation.openai_v2"
OPENLLMETRY = "opentelemetry.instrumentation.openai.v1"
DETAILS = "gen_ai.client.inference.operation.details"
TOOL = {"type": "object", "properties": {"isbn": {"type": "string"}}}


def span(
    attributes: dict[str, Any],
    *,
    number: int = 1,
    scope: str = GEN_AI,
    trace: str = TRACE,
    parent: str = "",
    failed: bool = False,
    message: str = "",
    events: Iterable[Event] = (),
    dropped: int = 0,
) -> Span:
    """A span of 250 ms; ``number`` makes its id."""
    return Span(
        trace,
        f"{number:016x}",
        parent,
        scope,
        "chat",
        START_NS,
        START_NS + 250_000_000,
        failed,
        message,
        attributes,
        tuple(events),
        dropped,
    )


def record(
    name: str,
    body: Any = None,
    attributes: dict[str, Any] | None = None,
    *,
    number: int = 1,
    at: int = 0,
    scope: str = V2,
    trace: str = TRACE,
) -> LogRecord:
    """A log record of a span, so many nanoseconds after its start."""
    return LogRecord(trace, f"{number:016x}", scope, name, START_NS + at, body, attributes or {})


def gen_ai(
    question: str | None = "Which shelf?", answer: str | None = "Shelf four.", **more: Any
) -> dict[str, Any]:
    """Attributes of a whole call by the conventions; None leaves content out."""
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "small",
        "gen_ai.response.model": "small-2026",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 5,
    }
    if question is not None:
        attributes["gen_ai.input.messages"] = json.dumps([said("user", question)])
    if answer is not None:
        attributes["gen_ai.output.messages"] = json.dumps([said("assistant", answer)])
    return attributes | {name.replace("__", "."): value for name, value in more.items()}


def said(role: str, content: str) -> dict[str, Any]:
    """A message in the conventions' parts."""
    return {"role": role, "parts": [{"type": "text", "content": content}]}


def details_of(number: int = 1, **kwargs: Any) -> LogRecord:
    """The one record that says everything, with structured messages."""
    attributes = {
        "gen_ai.input.messages": [said("user", "Which shelf?")],
        "gen_ai.output.messages": [said("assistant", "Shelf four.") | {"finish_reason": "stop"}],
    }
    return record(DETAILS, attributes=attributes, number=number, scope=GEN_AI, **kwargs)


def old_records(number: int = 1, answer: str = "Shelf four.") -> list[LogRecord]:
    """One record a message."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": answer}}
    return [
        record("gen_ai.system.message", {"content": "Be short."}, number=number, at=1),
        record("gen_ai.user.message", {"content": "Which shelf?"}, number=number, at=2),
        record("gen_ai.choice", choice, number=number, at=3),
    ]


def call_in(one: Span, records: Iterable[LogRecord] = ()) -> Call:
    """The call that a span's own dialect reads."""
    dialect = dialect_of(one)
    assert dialect is not None
    assert dialect.kind_of(one) == ""
    return dialect.call_of(one, tuple(records))


def any_value(value: Any) -> dict[str, Any]:
    """A value as OTLP/JSON has it."""
    if value is None:
        return {}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(one) for one in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": key_values(value)}}
    if isinstance(value, int) and not isinstance(value, bool):
        return {"intValue": str(value)}
    kinds = {bool: "boolValue", float: "doubleValue", str: "stringValue"}
    return {kinds[type(value)]: value}


def key_values(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Attributes as OTLP/JSON has them."""
    return [{"key": key, "value": any_value(value)} for key, value in attributes.items()]


def traces_json(spans: Iterable[Span]) -> dict[str, Any]:
    """An ``ExportTraceServiceRequest``, a scope for each span."""
    return {
        "resourceSpans": [
            {"scopeSpans": [{"scope": {"name": one.scope}, "spans": [_span(one)]}]} for one in spans
        ]
    }


def logs_json(records: Iterable[LogRecord]) -> dict[str, Any]:
    """An ``ExportLogsServiceRequest``."""
    return {
        "resourceLogs": [
            {"scopeLogs": [{"scope": {"name": one.scope}, "logRecords": [_record(one)]}]}
            for one in records
        ]
    }


def traces_protobuf(spans: Iterable[Span]) -> bytes:
    """The same in protobuf."""
    request = traces_json(spans)
    for resource in request["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for one in scope["spans"]:
                _in_base64(one)
    return ParseDict(request, ExportTraceServiceRequest()).SerializeToString()


def logs_protobuf(records: Iterable[LogRecord]) -> bytes:
    """The same in protobuf."""
    request = logs_json(records)
    for resource in request["resourceLogs"]:
        for scope in resource["scopeLogs"]:
            for one in scope["logRecords"]:
                _in_base64(one)
    return ParseDict(request, ExportLogsServiceRequest()).SerializeToString()


def _in_base64(one: dict[str, Any]) -> None:
    """Protobuf's own JSON mapping, which the library parses, has ids in base64."""
    for name in ("traceId", "spanId", "parentSpanId"):
        if one.get(name):
            one[name] = base64.b64encode(bytes.fromhex(one[name])).decode()


def _span(one: Span) -> dict[str, Any]:
    return {
        "traceId": one.trace_id,
        "spanId": one.span_id,
        "parentSpanId": one.parent_id,
        "name": one.name,
        "kind": 3,
        "startTimeUnixNano": str(one.start_ns),
        "endTimeUnixNano": str(one.end_ns),
        "status": {"code": 2, "message": one.message} if one.failed else {},
        "attributes": key_values(one.attributes),
        "events": [
            {
                "name": event.name,
                "timeUnixNano": str(event.at_ns),
                "attributes": key_values(event.attributes),
            }
            for event in one.events
        ],
        "droppedAttributesCount": one.dropped,
    }


def _record(one: LogRecord) -> dict[str, Any]:
    return {
        "traceId": one.trace_id,
        "spanId": one.span_id,
        "observedTimeUnixNano": str(one.at_ns),
        "eventName": one.name,
        "body": any_value(one.body),
        "attributes": key_values(one.attributes),
    }
