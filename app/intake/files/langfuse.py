"""Langfuse's exports: observations of the table, of the API v2 and of the blob storage.

Source: Langfuse's reference of its blob export's fields and its API's observations (2026), and its
ingestion's own schema: what is stored as ``input`` leaves out the parts that it has beside it
(``input_cached_tokens``), which the SDK's ``prompt_tokens`` includes. A row's id is that of the
span it came from, so a call that arrived live is known again.
"""

import datetime as dt
from typing import Final

from tierwatch.intake.calls import Readings
from tierwatch.intake.files.fields import field, parsed, said, seconds
from tierwatch.intake.files.lines import NotThisKindError
from tierwatch.intake.otlp.dialects.langfuse import DIALECT
from tierwatch.intake.otlp.telemetry import NANOSECONDS_A_SECOND, Span
from tierwatch.store.documents import Json, JsonValue
from tierwatch.wire.json_values import json_text, mapping, string

ACCEPTED: Final = 'a line is an observation with "id", "type" and "startTime" (or "start_time")'
_OBSERVATION: Final = "langfuse.observation."


def read(row: Json) -> Readings:
    """The call of a generation; other observations are passed over."""
    started_at = seconds(field(row, "startTime", "start_time"))
    kind = said(row, "type").lower()
    if not (said(row, "id") and kind and started_at):
        raise NotThisKindError("no id, type or start time")
    attributes = _attributes(row, kind)
    span = _span(row, started_at, attributes)
    if passed_over := DIALECT.kind_of(span):
        return Readings((), {passed_over: 1})
    return Readings((DIALECT.call_of(span, ()),))


def _span(row: Json, started_at: float, attributes: Json) -> Span:
    ended_at = seconds(field(row, "endTime", "end_time")) or started_at
    failed = said(row, "level") == "ERROR"
    return Span(
        said(row, "traceId", "trace_id"),
        said(row, "id"),
        said(row, "parentObservationId", "parent_observation_id"),
        "langfuse-sdk",
        said(row, "name"),
        int(started_at * NANOSECONDS_A_SECOND),
        int(ended_at * NANOSECONDS_A_SECOND),
        failed,
        said(row, "statusMessage", "status_message"),
        attributes,
    )


def _attributes(row: Json, kind: str) -> Json:
    """The row as its span said it."""
    given = {
        "type": kind,
        "input": _as_text(row.get("input")),
        "output": _as_text(row.get("output")),
        "model.name": said(row, "providedModelName", "provided_model_name", "model"),
        "model.parameters": _as_text(field(row, "modelParameters", "model_parameters")),
        "usage_details": json_text(_whole_counts(row)),
        "cost_details": json_text({"total": _cost(row)}),
        "completion_start_time": _zoned(row),
        "metadata.finish_reason": _finish(row),
        "level": said(row, "level"),
        "prompt.name": said(row, "promptName", "prompt_name"),
        "prompt.version": _version(row),
    }
    attributes = {_OBSERVATION + name: value for name, value in given.items() if value}
    tags = parsed(row.get("tags"))
    return attributes | {
        "session.id": said(row, "sessionId", "session_id"),
        "user.id": said(row, "userId", "user_id"),
        "langfuse.trace.tags": tags if isinstance(tags, list) else [],
    }


def _version(row: Json) -> str:
    # 0 is no version of Langfuse's: they count from 1.
    version = field(row, "promptVersion", "prompt_version")
    return str(version) if isinstance(version, int) and version else string(version)


def _as_text(value: JsonValue) -> str:
    return value if isinstance(value, str) else "" if value is None else json_text(value)


def _whole_counts(row: Json) -> Json:
    """Counts with their parts in them: ``input`` and each ``input_...`` are the prompt."""
    usage = mapping(parsed(field(row, "usageDetails", "usage_details")))
    counts: Json = {}
    for kind in ("input", "output"):
        parts = [
            value
            for name, value in usage.items()
            if (name == kind or name.startswith(f"{kind}_"))
            and isinstance(value, int)
            and not isinstance(value, bool)
        ]
        if parts:
            counts[kind] = sum(parts)
    cached = field(usage, "input_cached_tokens", "input_cache_read", "cache_read_input_tokens")
    return counts | {"input_cached_tokens": cached} if cached is not None else counts


def _cost(row: Json) -> JsonValue:
    details = mapping(parsed(field(row, "costDetails", "cost_details")))
    return field(details, "total") or field(row, "totalCost", "total_cost")


def _zoned(row: Json) -> str:
    first = said(row, "completionStartTime", "completion_start_time")
    moment = seconds(first)
    return json_text(_date(moment)) if moment else ""


def _date(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat()


def _finish(row: Json) -> str:
    reason = mapping(parsed(row.get("metadata"))).get("finish_reason")
    return string(parsed(reason)).strip('"')
