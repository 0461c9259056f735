"""Content that stands in log records, or in a span's events, and not in its attributes.

Three forms: one record of everything (``gen_ai.client.inference.operation.details``), one a message
(conventions up to 1.36: ``gen_ai.user.message`` and so on, ``gen_ai.choice`` last), and the same
two as events of the span.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from tierwatch.intake.calls import NO_QUESTION
from tierwatch.intake.otlp.telemetry import LogRecord, Span
from tierwatch.store.documents import Json, JsonValue
from tierwatch.wire.json_values import mapping, objects, string

DETAILS: Final = "gen_ai.client.inference.operation.details"
CHOICE: Final = "gen_ai.choice"
_ROLES: Final = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
# Records that say what was asked or answered.
CONTENT: Final = frozenset({DETAILS, CHOICE, *_ROLES})


class OneByOne(NamedTuple):
    """What records of one message each say. ``messages`` None: content was not sent."""

    messages: list[Json] | None
    answer: Json | None
    finish: str | None
    outside: str


def details(span: Span, records: Sequence[LogRecord]) -> Json:
    """The attributes of the span, and those that only its record of everything has."""
    told = [record.attributes for record in records if record.name == DETAILS]
    told += [event.attributes for event in span.events if event.name == DETAILS]
    return {**told[0], **span.attributes} if told else span.attributes


def one_by_one(span: Span, records: Sequence[LogRecord]) -> OneByOne | None:
    """The messages of the old conventions; None where there are no such records.

    A record without content means that content is off, and not that there was none.
    """
    said = list(_said(span, records))
    if not said:
        return None
    messages: list[Json] = []
    answer: Json | None = None
    finish: str | None = None
    outside = ""
    for name, body in said:
        if name == CHOICE:
            finish = finish or _text_or_none(body.get("finish_reason"))
            answer = answer or _message("assistant", mapping(body.get("message")) or body)
        elif message := _message(_ROLES[name], body):
            messages.append(message)
        else:
            outside = NO_QUESTION
    return OneByOne(messages or None, answer, finish, outside)


def _said(span: Span, records: Sequence[LogRecord]) -> Iterable[tuple[str, Json]]:
    for record in records:
        if record.name == CHOICE or record.name in _ROLES:
            yield record.name, mapping(record.body)
    for event in span.events:
        if event.name == CHOICE or event.name in _ROLES:
            yield event.name, event.attributes


def _message(role: str, body: Json) -> Json | None:
    """The message in OpenAI's form, which these bodies nearly have; None without content."""
    content = body.get("content")
    calls = [call for call in objects(body.get("tool_calls")) if _is_whole(call)]
    if not calls and not _has_content(content):
        return None
    if calls:
        return {"role": "assistant", "content": content or None, "tool_calls": calls}
    message: Json = {"role": role, "content": content}
    if role == "tool":
        message["tool_call_id"] = string(body.get("id")) or string(body.get("tool_call_id"))
    return message


def _has_content(content: JsonValue) -> bool:
    return isinstance(content, str | list) and bool(content)


def _is_whole(call: Json) -> bool:
    """Whether a call says what with: with content off, its name is left and its arguments not."""
    return isinstance(mapping(call.get("function")).get("arguments"), str)


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None
