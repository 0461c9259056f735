"""OpenLLMetry: opentelemetry-instrumentation-openai 0.62.4 and its siblings.

A stream that broke is OK with an empty finish reason. One inline image removes the whole question.
Of Responses a call's id is its item's, while the result that follows names the call's. Versions
before 0.50 number messages in attributes (``gen_ai.prompt.0.content``).
"""

import re
from collections.abc import Sequence
from typing import Final

from tierwatch.intake.calls import Call
from tierwatch.intake.otlp.dialects.dialect import Dialect
from tierwatch.intake.otlp.dialects.found import Found, call_of
from tierwatch.intake.otlp.dialects.gen_ai import INPUT, OUTPUT, found_in, kind_of, waits
from tierwatch.intake.otlp.dialects.parts import tool_call, with_known_calls
from tierwatch.intake.otlp.reading import text
from tierwatch.intake.otlp.telemetry import CHUNK, LogRecord, Span
from tierwatch.store.documents import Json
from tierwatch.wire.json_values import string

_NUMBERED: Final = re.compile(r"gen_ai\.(prompt|completion)\.(\d{1,4})\.(.+)")
_CALL: Final = re.compile(r"tool_calls\.(\d{1,4})\.(id|name|arguments)")
_SESSION: Final = "traceloop.association.properties.session_id"
_USER: Final = "traceloop.association.properties.user_id"


def _kind_of(span: Span) -> str:
    if string(span.attributes.get("llm.request.type")) in {"chat", "completion"}:
        return ""
    return kind_of(span)


def _waits(span: Span) -> bool:
    return waits(span) and not any(name.startswith("gen_ai.prompt.") for name in span.attributes)


def _call_of(span: Span, records: Sequence[LogRecord]) -> Call:
    found = found_in(span, records)
    if INPUT not in span.attributes and OUTPUT not in span.attributes:
        found = _with_numbered(span.attributes, found)
    if found.messages:
        found = found._replace(messages=with_known_calls(found.messages))
    return call_of(
        span,
        found._replace(
            session=found.session or text(span.attributes, _SESSION),
            user=found.user or text(span.attributes, _USER),
            first_byte_ms=found.first_byte_ms or _first_chunk_ms(span),
        ),
    )


def _first_chunk_ms(span: Span) -> float:
    first = next((event.at_ns for event in span.events if event.name == CHUNK), 0)
    return max(0, first - span.start_ns) / 1e6 if first else 0.0


def _with_numbered(attributes: Json, found: Found) -> Found:
    """What older versions say; a number that is missing is no end."""
    said: dict[str, dict[int, Json]] = {"prompt": {}, "completion": {}}
    for name, value in attributes.items():
        if match := _NUMBERED.fullmatch(name):
            said[match[1]].setdefault(int(match[2]), {})[match[3]] = value
    if not said["prompt"]:
        return found
    asked = [_message(fields) for _, fields in sorted(said["prompt"].items())]
    answers = [fields for _, fields in sorted(said["completion"].items())]
    answer = _message({"role": "assistant"} | answers[0]) if answers else None
    return found._replace(
        messages=asked,
        answer=answer if answer and (answer["content"] or answer.get("tool_calls")) else None,
        finish=found.finish or (string(answers[0].get("finish_reason")) if answers else None),
    )


def _message(fields: Json) -> Json:
    calls: dict[int, Json] = {}
    for name, value in fields.items():
        if match := _CALL.fullmatch(name):
            calls.setdefault(int(match[1]), {})[match[2]] = value
    message: Json = {
        "role": string(fields.get("role")) or "user",
        "content": string(fields.get("content")) or None,
    }
    if calls:
        message["tool_calls"] = [
            tool_call(call.get("id"), call.get("name"), call.get("arguments"))
            for _, call in sorted(calls.items())
        ]
    if message["role"] == "tool":
        message["tool_call_id"] = string(fields.get("tool_call_id"))
    return message


DIALECT: Final = Dialect("openllmetry", _kind_of, _call_of, _waits)
