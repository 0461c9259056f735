"""A logged request and its logged answer, as they were on a wire, as a call."""

from typing import NamedTuple

from tierwatch.intake.calls import NO_ANSWER, NO_QUESTION, PARAMETERS_UNSEEN, Call
from tierwatch.intake.otlp.dialects.found import finish_reason
from tierwatch.intake.otlp.reading import marked
from tierwatch.intake.replies import logged_reply, said_message
from tierwatch.store.documents import Json, JsonValue
from tierwatch.wire.answers.finish_words import failed
from tierwatch.wire.chat import ANTHROPIC, OPENAI, RESPONSES
from tierwatch.wire.fault import error_text
from tierwatch.wire.first_choice import Reply
from tierwatch.wire.json_values import json_text, mapping, string
from tierwatch.wire.usage import Usage

OK = 200
UNKNOWN_FAILURE = 502
_MOST_OF_AN_ERROR = 500
# Parameters that stand for a part of the conversation which the provider keeps.
_ELSEWHERE = ("previous_response_id", "conversation", "prompt")


class Logged(NamedTuple):
    """What a log says of a call beside its bodies."""

    source_id: str
    started_at: float
    status: int = OK
    session: str = ""
    user: str = ""
    provider: str = ""
    model: str = ""
    usage: Usage = Usage()
    cost_usd: float | None = None
    latency_ms: float = 0.0
    first_byte_ms: float = 0.0
    tags: tuple[str, ...] = ()


def wire_of(request: JsonValue, address: str = "", provider: str = "") -> str:
    """The wire that a request is on, by its address, or by its form where there is none.

    >>> wire_of({"messages": []}), wire_of({"input": "Hi"}), wire_of({}, "/v1/messages")
    ('openai', 'responses', 'anthropic')
    """
    path = address.partition("?")[0].rstrip("/")
    if path.endswith("/messages"):
        return ANTHROPIC
    if path.endswith("/responses"):
        return RESPONSES
    body = mapping(request)
    if "messages" in body:
        alike = path.endswith("/chat/completions") or provider.lower() != "anthropic"
        return OPENAI if alike else ANTHROPIC
    return RESPONSES if "input" in body else OPENAI


def call_of_bodies(logged: Logged, request: JsonValue, answer: JsonValue, wire: str) -> Call:
    """The call. An answer that is none on the wire, or has no reason, is not finished."""
    body = mapping(request)
    broken = logged.status >= 400  # noqa: PLR2004
    reply = None if broken else logged_reply(answer, wire)
    word = finish_reason(
        reply.finish_reason if reply else None,
        called=bool(reply and reply.message.get("tool_calls")),
    )
    message = said_message(reply.message) if reply else None
    usage = _usage(logged.usage, reply)
    return Call(
        source_id=logged.source_id,
        trace="",
        session=logged.session,
        started_at=logged.started_at,
        asked=string(body.get("model")),
        model=(reply.model if reply else "") or ("" if broken else logged.model),
        provider=logged.provider.lower(),
        request=body,
        answer=message,
        finish_reason=word,
        finished=message is not None and word is not None and not failed(word),
        wire=wire,
        status=logged.status,
        error=_error(answer) if broken else "",
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens or 0,
        cache_write_tokens=usage.cache_write_tokens or 0,
        cost_usd=logged.cost_usd,
        latency_ms=logged.latency_ms,
        first_byte_ms=logged.first_byte_ms,
        outside="" if broken else _outside(body, wire, message),
        user=logged.user,
        tags=logged.tags,
    )


def _usage(logged: Usage, reply: Reply | None) -> Usage:
    """The provider's own counts; the log's where the answer has none."""
    if reply is not None and reply.prompt_tokens is not None:
        return reply.usage
    read = logged.prompt_tokens
    cached = min(logged.cached_tokens or 0, read or 0)
    written = min(logged.cache_write_tokens or 0, (read or 0) - cached)
    return Usage(read, logged.completion_tokens, cached, written)


def _outside(body: Json, wire: str, message: Json | None) -> str:
    asked = body.get("input") if wire == RESPONSES else body.get("messages")
    if not asked:
        return NO_QUESTION
    if cut := marked(json_text(asked)):
        return cut
    if wire == RESPONSES and any(body.get(name) for name in _ELSEWHERE):
        return PARAMETERS_UNSEEN
    return NO_ANSWER if message is None else ""


def _error(answer: JsonValue) -> str:
    told = answer if isinstance(answer, str) else error_text(answer)
    return (told or "failed, and its log does not say why")[:_MOST_OF_AN_ERROR]
