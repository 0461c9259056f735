"""Langfuse's SDK, 5.0.4: observations of type ``generation``.

The answer of a stream is its bare text: ``42`` and ``{"a": 1}`` are answers, so it is never parsed
unless its reason says that tools were called. Parameters are filled up with defaults that nobody
sent, and the form that an answer was to have is among the caller's metadata, if it was a value and
no class. A stream that broke has no reason
and is not marked; a whole answer has none either, but it has no ``completion_start_time``.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from tierwatch.intake.calls import FRAME, OTHER, PARAMETERS_UNSEEN, Call
from tierwatch.intake.otlp.dialects.dialect import Dialect, never_waits
from tierwatch.intake.otlp.dialects.found import Found, call_of, function_tools
from tierwatch.intake.otlp.reading import marked, number, structured, text, tokens
from tierwatch.intake.otlp.telemetry import NANOSECONDS_A_SECOND, LogRecord, Span
from tierwatch.intake.replies import logged_reply, said_message
from tierwatch.loop.capture.redaction.prompt_version import plain_version
from tierwatch.store.documents import Json, JsonValue
from tierwatch.wire.chat import RESPONSES
from tierwatch.wire.json_values import mapping, objects, string
from tierwatch.wire.usage import Usage

_TYPE: Final = "langfuse.observation.type"
_FRAMES: Final = frozenset({"agent", "chain"})
_PROMPT: Final = "langfuse.observation.prompt."
_METADATA: Final = "langfuse.observation.metadata."
# What the SDK fills in where the caller said nothing.
_FILLED_IN: Final[Json] = {
    "temperature": 1,
    "max_tokens": "Infinity",
    "top_p": 1,
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "n": 1,
}
_PARAMETERS: Final = frozenset(
    {*_FILLED_IN, "max_completion_tokens", "seed", "stop", "reasoning_effort", "response_format"}
)
_CALLED: Final = frozenset({"tool_calls", "function_call"})
_ITEMS: Final = frozenset({"function_call", "function_call_output", "reasoning", "message"})


def _kind_of(span: Span) -> str:
    kind = string(span.attributes.get(_TYPE))
    if kind in _FRAMES:
        return FRAME
    return "" if kind == "generation" else OTHER


def _call_of(span: Span, _records: Sequence[LogRecord]) -> Call:
    attributes = span.attributes
    streamed = "langfuse.observation.completion_start_time" in attributes
    finish = _unquoted(attributes, _METADATA + "finish_reason") or None
    answer, status = _answer(attributes, finish, streamed=streamed)
    name = text(attributes, "langfuse.observation.model.name")
    broken = attributes.get("langfuse.observation.level") == "ERROR"
    found = _with_question(
        attributes,
        Found(
            # The name is the answer's where there is one, and what was asked where there is none.
            asked="" if answer else name,
            model=name if answer else "",
            session=text(attributes, "session.id", "langfuse.session.id")
            or _unquoted(attributes, _METADATA + "langfuse_session_id"),
            user=text(attributes, "user.id", "langfuse.user.id")
            or _unquoted(attributes, _METADATA + "langfuse_user_id"),
            tags=_tags(attributes),
            prompt_version=_prompt_version(attributes),
            answer=answer,
            finish=finish or status,
            whole=not streamed and status != "error",
            broken=broken,
            form_unseen=True,
            usage=_usage(attributes),
            cost_usd=number(
                mapping(_parsed(attributes, "langfuse.observation.cost_details")), "total"
            ),
            first_byte_ms=_first_byte_ms(span),
        ),
        name,
    )
    failed = span._replace(
        failed=span.failed or broken,
        message=text(attributes, "langfuse.observation.status_message") or span.message,
    )
    return call_of(failed, found)


def _with_question(attributes: Json, found: Found, name: str) -> Found:
    said = text(attributes, "langfuse.observation.input")
    told = _parsed(attributes, "langfuse.observation.input")
    parameters = _parameters(attributes)
    outside = found.outside or marked(said) or (marked(text(attributes, _OUTPUT)))
    tools = None
    if isinstance(told, dict):
        tools = function_tools(told.get("tools"))
        told = told.get("messages", told.get("input"))
    elif not isinstance(told, list):
        told = [{"role": "user", "content": said}] if said else []
    messages = objects(told)
    found = found._replace(tools=tools, parameters=parameters, outside=outside)
    if any(_is_item(message) for message in messages):
        body = {"model": name, "input": messages} | ({"tools": tools} if tools else {})
        called = any(message.get("type") == "function_call" for message in messages)
        used = called or bool((found.answer or {}).get("tool_calls"))
        unseen = PARAMETERS_UNSEEN if used and not tools else ""
        return found._replace(body=body | parameters, wire=RESPONSES, outside=outside or unseen)
    return found._replace(messages=[one for one in messages if one.get("role")] or None)


_OUTPUT: Final = "langfuse.observation.output"


def _is_item(message: Json) -> bool:
    """Whether a message is one of Responses: an item, or of parts that are named as there."""
    kinds = (string(part.get("type")) for part in objects(message.get("content")))
    return string(message.get("type")) in _ITEMS or any(kind.startswith("input_") for kind in kinds)


def _answer(attributes: Json, finish: str | None, *, streamed: bool) -> tuple[Json | None, str]:
    """The answer, and the reason that it gives itself."""
    said = text(attributes, _OUTPUT)
    if not said:
        return None, ""
    told = None if streamed and finish not in _CALLED else _parsed(attributes, _OUTPUT)
    if isinstance(told, dict) and (
        told.get("role") == "assistant" or string(told.get("type")) in _ITEMS
    ):
        if "type" not in told or told.get("tool_calls"):
            return said_message(told), ""
        told = [told]
    if isinstance(told, list) and told and all(_is_item(one) for one in objects(told)):
        return _of_items(objects(told))
    return {"role": "assistant", "content": said}, ""


def _of_items(items: list[Json]) -> tuple[Json | None, str]:
    """The message of a response's items; an item that is not completed was cut."""
    reply = logged_reply({"output": items}, RESPONSES)
    if reply is None:
        return None, "error"
    whole = all(item.get("status", "completed") == "completed" for item in items)
    return said_message(reply.message), string(reply.finish_reason) if whole else "length"


def _parameters(attributes: Json) -> Json:
    said = mapping(_parsed(attributes, "langfuse.observation.model.parameters"))
    sent = {
        name: value
        for name, value in said.items()
        if name in _PARAMETERS and value is not None and value != _FILLED_IN.get(name)
    }
    # Among the caller's metadata, where that form was a value and no class.
    form = mapping(_parsed(attributes, _METADATA + "response_format"))
    return {**sent, "response_format": form} if form else sent


def _usage(attributes: Json) -> Usage:
    counts = mapping(_parsed(attributes, "langfuse.observation.usage_details"))
    details = mapping(counts.get("prompt_tokens_details") or counts.get("input_tokens_details"))
    cached = tokens(details, "cached_tokens")
    return Usage(
        tokens(counts, "prompt_tokens", "input_tokens", "input"),
        tokens(counts, "completion_tokens", "output_tokens", "output"),
        tokens(counts, "cache_read_input_tokens", "input_cached_tokens") if cached is None
        else cached,
        tokens(details, "cache_write_tokens"),
    )  # fmt: skip


def _first_byte_ms(span: Span) -> float:
    """``completion_start_time`` is JSON text of a date, quotes and all."""
    said = _unquoted(span.attributes, "langfuse.observation.completion_start_time")
    try:
        first = dt.datetime.fromisoformat(said).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
    return max(0.0, 1e3 * (first - span.start_ns / NANOSECONDS_A_SECOND))


def _tags(attributes: Json) -> tuple[str, ...]:
    said = attributes.get("langfuse.trace.tags")
    return tuple(tag for tag in said if isinstance(tag, str)) if isinstance(said, list) else ()


def _prompt_version(attributes: Json) -> str:
    version = attributes.get(_PROMPT + "version")
    said = f"{version:d}" if isinstance(version, int) else string(version)
    return plain_version(text(attributes, _PROMPT + "name"), said)


def _parsed(attributes: Json, name: str) -> JsonValue:
    """What an attribute of JSON as text holds; None where it is not JSON."""
    try:
        return structured(attributes.get(name))
    except ValueError:
        return None


def _unquoted(attributes: Json, name: str) -> str:
    """A text that may be JSON of a text."""
    said = text(attributes, name)
    told = _parsed(attributes, name)
    return told if isinstance(told, str) else said


DIALECT: Final = Dialect("langfuse", _kind_of, _call_of, never_waits)
