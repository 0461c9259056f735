"""What a dialect found in a span, and the call that this is."""

import re
from typing import Final, NamedTuple

from tierwatch.intake.calls import (
    NO_ANSWER,
    NO_QUESTION,
    PARAMETERS_UNSEEN,
    Call,
)
from tierwatch.intake.otlp.reading import text
from tierwatch.intake.otlp.telemetry import NANOSECONDS_A_SECOND, Span
from tierwatch.store.documents import Json
from tierwatch.wire.answers.finish_words import failed, finish_word
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.json_bytes import read_outside_json
from tierwatch.wire.json_values import objects, string
from tierwatch.wire.usage import Usage

OK: Final = 200
UNKNOWN_FAILURE: Final = 502
# As the clients of OpenAI and Anthropic say it in their errors, and HTTP libraries in theirs.
_STATUS: Final = re.compile(r"(?i)\b(?:error|status)(?: code)?[:= ]+([45]\d\d)\b")
_MOST_OF_AN_ERROR: Final = 500
# What clients say where no provider has said why an answer ended: "" of a stream that broke.
_NO_REASON: Final = frozenset({"", "unknown", "other", "none", "null"})
_EVENT: Final = "exception"


class Found(NamedTuple):
    """What was found; what a span does not say stays as it is here.

    Attributes:
        messages: in OpenAI's form; None where they were not sent.
        tools: in OpenAI's form; None where nothing is said of them.
        parameters: of the request, beside model, messages and tools.
        body: the request as it was sent, on ``wire``; instead of the three above where known.
        finish: why the answer ended, in the client's word.
        whole: it is known to have ended though nobody says why.
        form_unseen: its client never says which form the answer was to have, so that an answer in
            JSON may have been asked for as such.
        broken: it is known not to be whole; ``gone`` that only the caller went away.
        outside: why this cannot be evidence, as far as its dialect knows.
        prompt_version: as the instrumentation names the prompt and its version.
    """

    asked: str = ""
    model: str = ""
    provider: str = ""
    session: str = ""
    user: str = ""
    tags: tuple[str, ...] = ()
    messages: list[Json] | None = None
    tools: list[Json] | None = None
    parameters: Json | None = None
    body: Json | None = None
    wire: str = OPENAI
    answer: Json | None = None
    finish: str | None = None
    whole: bool = False
    broken: bool = False
    gone: bool = False
    form_unseen: bool = False
    usage: Usage = Usage()
    cost_usd: float | None = None
    first_byte_ms: float = 0.0
    outside: str = ""
    prompt_version: str = ""


def call_of(span: Span, found: Found) -> Call:
    """The call. In doubt it is not finished, and what is missing puts it outside the evidence."""
    answer = found.answer
    word = finish_reason(found.finish, called=bool(answer and answer.get("tool_calls")))
    error = "" if found.gone or not span.failed else _error(span)
    ended = word is not None or found.whole
    spoilt = found.broken or found.gone or bool(error) or failed(word)
    read, cached, written = found.usage.prompt_tokens, 0, 0
    if read is not None:
        cached = found.usage.cached_tokens or 0
        written = found.usage.cache_write_tokens or 0
    return Call(
        source_id=f"{span.trace_id}:{span.span_id}",
        trace="",
        # A run of several calls is one trace; a call that is alone in its trace has no session.
        session=found.session or (span.trace_id if span.parent_id else ""),
        started_at=span.start_ns / NANOSECONDS_A_SECOND,
        asked=found.asked,
        model=found.model,
        provider=found.provider.partition(".")[0],
        request=found.body if found.body is not None else _request(found),
        answer=answer,
        finish_reason=word,
        finished=ended and answer is not None and not spoilt,
        wire=found.wire,
        status=_status(span, error) if error else OK,
        error=error,
        prompt_tokens=read,
        completion_tokens=found.usage.completion_tokens,
        cached_tokens=min(cached, read or 0),
        cache_write_tokens=min(written, (read or 0) - min(cached, read or 0)),
        cost_usd=found.cost_usd,
        latency_ms=max(0, span.end_ns - span.start_ns) / 1e6,
        first_byte_ms=found.first_byte_ms,
        outside="" if error else _outside(found, ended=ended and not spoilt),
        user=found.user,
        tags=found.tags,
        their_trace=span.trace_id,
        their_span=span.span_id,
        prompt_version=found.prompt_version,
    )


def finish_reason(said: str | None, *, called: bool) -> str | None:
    """Why an answer ended in OpenAI's word; None where nobody said it.

    >>> finish_reason("tool-calls", called=True), finish_reason("stop", called=True)
    ('tool_calls', 'tool_calls')
    >>> finish_reason("unknown", called=False), finish_reason("", called=True)
    (None, None)
    """
    word = None if said is None else said.replace("-", "_").lower()
    return None if word is None or word in _NO_REASON else finish_word(word, called=called)


def _request(found: Found) -> Json:
    request: Json = {"model": found.asked or found.model, "messages": found.messages or []}
    if found.tools:
        request["tools"] = found.tools
    return request | (found.parameters or {})


def _outside(found: Found, *, ended: bool) -> str:
    if found.body is None and not found.messages:
        return NO_QUESTION
    if found.outside:
        return found.outside
    if found.body is None and not found.tools and _uses_tools(found):
        return PARAMETERS_UNSEEN
    if found.form_unseen and "response_format" not in (found.parameters or {}) and _is_json(found):
        return PARAMETERS_UNSEEN
    return NO_ANSWER if ended and found.answer is None else ""


def _is_json(found: Found) -> bool:
    """Whether the answer is a JSON object or list."""
    said = string((found.answer or {}).get("content")).strip()
    if not said.startswith(("{", "[")):
        return False
    try:
        read_outside_json(said.encode())
    except ValueError:
        return False
    return True


def _uses_tools(found: Found) -> bool:
    said = [*(found.messages or []), found.answer or {}]
    return any(message.get("tool_calls") or message.get("role") == "tool" for message in said)


def _error(span: Span) -> str:
    thrown = next((event for event in span.events if event.name == _EVENT), None)
    said = (
        span.message
        or (text(thrown.attributes, "exception.message", "exception.type") if thrown else "")
        or text(span.attributes, "error.type")
        or "failed, and its span does not say why"
    )
    return said[:_MOST_OF_AN_ERROR]


def _status(span: Span, error: str) -> int:
    """The status of HTTP where the span or the client's own words name one."""
    for name in ("http.response.status_code", "http.status_code"):
        code = span.attributes.get(name)
        if isinstance(code, int) and 400 <= code < 600:  # noqa: PLR2004
            return code
    named = text(span.attributes, "error.type")
    if re.fullmatch(r"[45]\d\d", named):
        return int(named)
    found = _STATUS.search(error)
    return int(found[1]) if found else UNKNOWN_FAILURE


def function_tools(definitions: object) -> list[Json] | None:
    """Tools in OpenAI's form, of definitions in one of the forms that instrumentations use.

    A tool that is no function of the caller's stays as it is. None where this is no list.

    >>> function_tools([{"type": "function", "name": "f", "inputSchema": {}}])
    [{'type': 'function', 'function': {'name': 'f', 'parameters': {}}}]
    """
    if not isinstance(definitions, list):
        return None
    return [_tool(definition) for definition in objects(definitions)]


def _tool(said: Json) -> Json:
    if said.get("type", "function") != "function" or isinstance(said.get("function"), dict):
        return said
    function = {"name": said.get("name")}
    if isinstance(said.get("description"), str):
        function["description"] = said["description"]
    for name in ("parameters", "inputSchema", "input_schema"):
        if isinstance(said.get(name), dict):
            function["parameters"] = said[name]
            break
    if isinstance(said.get("strict"), bool):
        function["strict"] = said["strict"]
    return {"type": "function", "function": function}
