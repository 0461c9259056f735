"""OTLP's protobuf: an export request's body as telemetry.

The messages are OpenTelemetry's own (`opentelemetry-proto`, Apache-2.0, on protobuf's C core):
decision 0081 has what a decoder of ours would have cost.
"""

import base64
import math
from collections.abc import Iterable

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as LogMessage
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from tierwatch.intake.otlp.telemetry import (
    CHUNK,
    NO_ID,
    Event,
    LogRecord,
    Span,
    Telemetry,
    kept_events,
)
from tierwatch.store.documents import Json, JsonValue
from tierwatch.wire.json_values import string

_TRACE_BYTES = 16
_SPAN_BYTES = 8


def spans_of_protobuf(body: bytes) -> Telemetry:
    """The spans of an ``ExportTraceServiceRequest``.

    Raises:
        ValueError: the body is no such message.
    """
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise ValueError(f"no ExportTraceServiceRequest in protobuf: {error}") from error
    spans = []
    unnamed = 0
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            name = scope.scope.name
            for message in scope.spans:
                if _is_id(message.trace_id, _TRACE_BYTES) and _is_id(message.span_id, _SPAN_BYTES):
                    spans.append(_span(name, message))
                else:
                    unnamed += 1
    return Telemetry(tuple(spans), (), {NO_ID: unnamed} if unnamed else {})


def records_of_protobuf(body: bytes) -> Telemetry:
    """The log records of an ``ExportLogsServiceRequest``.

    Raises:
        ValueError: the body is no such message.
    """
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError as error:
        raise ValueError(f"no ExportLogsServiceRequest in protobuf: {error}") from error
    return Telemetry(
        (),
        tuple(
            _record(scope.scope.name, message)
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for message in scope.log_records
        ),
    )


def _is_id(raw: bytes, size: int) -> bool:
    return len(raw) == size and any(raw)


def _id(raw: bytes, size: int) -> str:
    return raw.hex() if _is_id(raw, size) else ""


def _span(scope: str, message: SpanMessage) -> Span:
    status = message.status
    return Span(
        message.trace_id.hex(),
        message.span_id.hex(),
        _id(message.parent_span_id, _SPAN_BYTES),
        scope,
        message.name,
        message.start_time_unix_nano,
        message.end_time_unix_nano,
        status.code == Status.STATUS_CODE_ERROR,
        status.message,
        _attributes(message.attributes),
        _events(message.events) if message.events else (),
        message.dropped_attributes_count,
    )


def _events(events: Iterable[SpanMessage.Event]) -> tuple[Event, ...]:
    return kept_events(
        [
            Event(
                event.name,
                event.time_unix_nano,
                {} if event.name == CHUNK else _attributes(event.attributes),
            )
            for event in events
        ]
    )


def _record(scope: str, message: LogMessage) -> LogRecord:
    attributes = _attributes(message.attributes)
    return LogRecord(
        _id(message.trace_id, _TRACE_BYTES),
        _id(message.span_id, _SPAN_BYTES),
        scope,
        message.event_name or string(attributes.get("event.name")),
        message.time_unix_nano or message.observed_time_unix_nano,
        _value(message.body),
        attributes,
    )


def _attributes(attributes: Iterable[KeyValue]) -> Json:
    values: Json = {}
    for attribute in attributes:
        value = attribute.value
        # Most are text, and asking which of the fields is set costs as much as reading one.
        read = value.string_value or _value(value)
        if read is not None:
            values[attribute.key] = read
    return values


def _value(value: AnyValue) -> JsonValue:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return {one.key: _value(one.value) for one in value.kvlist_value.values}
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    read: JsonValue = getattr(value, kind)
    # JSON has no word for NaN and infinity, and the store takes none.
    return None if isinstance(read, float) and not math.isfinite(read) else read
