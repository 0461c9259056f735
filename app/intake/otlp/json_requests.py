"""OTLP/JSON: an export request's body as telemetry."""

from collections import Counter
from collections.abc import Iterator

from tierwatch.intake.otlp.attribute_values import (
    plain_attributes,
    plain_value,
    span_id_of,
    trace_id_of,
    whole,
)
from tierwatch.intake.otlp.telemetry import (
    MALFORMED,
    NO_ID,
    Event,
    LogRecord,
    Span,
    Telemetry,
    kept_events,
)
from tierwatch.store.documents import Json
from tierwatch.wire.json_bytes import read_outside_json
from tierwatch.wire.json_values import mapping, objects, string

# Status codes by number or by name.
_ERROR = (2, "2", "STATUS_CODE_ERROR")


def spans_of_json(body: bytes) -> Telemetry:
    """The spans of an ``ExportTraceServiceRequest``.

    Raises:
        ValueError: the body is not JSON, or not such a request.
    """
    request = _request(body, "resourceSpans")
    counts: Counter[str] = Counter()
    spans = []
    for scope, raw in _each(request, "resourceSpans", "scopeSpans", "spans", counts):
        span = _span(scope, raw)
        if span.trace_id and span.span_id:
            spans.append(span)
        else:
            counts[NO_ID] += 1
    return Telemetry(tuple(spans), (), dict(counts))


def records_of_json(body: bytes) -> Telemetry:
    """The log records of an ``ExportLogsServiceRequest``.

    Raises:
        ValueError: the body is not JSON, or not such a request.
    """
    request = _request(body, "resourceLogs")
    counts: Counter[str] = Counter()
    each = _each(request, "resourceLogs", "scopeLogs", "logRecords", counts)
    records = tuple(_record(scope, raw) for scope, raw in each)
    return Telemetry((), records, dict(counts))


def _request(body: bytes, named: str) -> Json:
    try:
        value = read_outside_json(body)
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from error
    request = mapping(value)
    if value != {} and not isinstance(request.get(named), list):
        raise ValueError(f'a request in OTLP/JSON is an object with a list "{named}"')
    return request


def _each(
    request: Json, resources: str, scopes: str, items: str, counts: Counter[str]
) -> Iterator[tuple[str, Json]]:
    """Each span or record with its scope's name."""
    for resource in objects(request.get(resources)):
        for scope in objects(resource.get(scopes)):
            name = string(mapping(scope.get("scope")).get("name"))
            found = scope.get(items)
            for one in found if isinstance(found, list) else []:
                if isinstance(one, dict):
                    yield name, one
                else:
                    counts[MALFORMED] += 1


def _span(scope: str, raw: Json) -> Span:
    status = mapping(raw.get("status"))
    return Span(
        trace_id_of(raw.get("traceId")),
        span_id_of(raw.get("spanId")),
        span_id_of(raw.get("parentSpanId")),
        scope,
        string(raw.get("name")),
        whole(raw.get("startTimeUnixNano")),
        whole(raw.get("endTimeUnixNano")),
        status.get("code") in _ERROR,
        string(status.get("message")),
        plain_attributes(raw.get("attributes")),
        kept_events([_event(event) for event in objects(raw.get("events"))]),
        whole(raw.get("droppedAttributesCount")),
    )


def _event(raw: Json) -> Event:
    return Event(
        string(raw.get("name")),
        whole(raw.get("timeUnixNano")),
        plain_attributes(raw.get("attributes")),
    )


def _record(scope: str, raw: Json) -> LogRecord:
    attributes = plain_attributes(raw.get("attributes"))
    # The name was an attribute before it was a field.
    name = string(raw.get("eventName")) or string(attributes.get("event.name"))
    return LogRecord(
        trace_id_of(raw.get("traceId")),
        span_id_of(raw.get("spanId")),
        scope,
        name,
        whole(raw.get("timeUnixNano")) or whole(raw.get("observedTimeUnixNano")),
        plain_value(raw.get("body")),
        attributes,
    )
