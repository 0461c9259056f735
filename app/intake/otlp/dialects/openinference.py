"""OpenInference: openinference-instrumentation-openai 0.1.66 and its siblings.

Of OpenAI's client the bodies themselves are there (``input.value``, ``output.value``) and are read
first; what other instrumentations put there is theirs. Messages are numbered in attributes, of
which a limit may have taken any. ``llm.model_name`` is who answered, not who was asked.
"""

import re
from collections.abc import Sequence
from typing import Final

from tierwatch.intake.calls import FRAME, OTHER, PARAMETERS_UNSEEN, Call
from tierwatch.intake.otlp.dialects.dialect import Dialect, never_waits
from tierwatch.intake.otlp.dialects.found import Found, call_of, function_tools
from tierwatch.intake.otlp.dialects.parts import tool_call
from tierwatch.intake.otlp.reading import found_structured, marked, number, text, tokens
from tierwatch.intake.otlp.telemetry import LogRecord, Span
from tierwatch.intake.replies import logged_reply, said_message
from tierwatch.loop.capture.redaction.prompt_version import plain_version
from tierwatch.store.documents import Json
from tierwatch.wire.chat import OPENAI, RESPONSES
from tierwatch.wire.first_choice import Reply
from tierwatch.wire.json_values import mapping, string
from tierwatch.wire.usage import Usage

_KIND: Final = "openinference.span.kind"
_FRAMES: Final = frozenset({"AGENT", "CHAIN"})
_RAW: Final = "openinference.instrumentation.openai"
_FIRST: Final = "First Token Stream Event"
_MESSAGE: Final = re.compile(r"llm\.(input|output)_messages\.(\d{1,4})\.message\.(.+)")
_PART: Final = re.compile(r"contents\.(\d{1,4})\.message_content\.(type|text|image\.image\.url)")
_CALL: Final = re.compile(
    r"tool_calls\.(\d{1,4})\.tool_call\.(id|function\.name|function\.arguments)"
)
_TOOL: Final = re.compile(r"llm\.tools\.(\d{1,4})\.tool\.json_schema")
# What is not part of the conversation that an answer belongs to, but stands for some of it.
_ELSEWHERE: Final = ("previous_response_id", "conversation", "prompt")


def _kind_of(span: Span) -> str:
    kind = string(span.attributes.get(_KIND))
    if kind in _FRAMES:
        return FRAME
    return "" if kind == "LLM" else OTHER


def _call_of(span: Span, _records: Sequence[LogRecord]) -> Call:
    attributes = span.attributes
    body, wire, outside = _body(span)
    reply = _reply(attributes, wire)
    found = Found(
        model=text(attributes, "llm.model_name"),
        provider=text(attributes, "llm.provider", "llm.system"),
        session=text(attributes, "session.id"),
        user=text(attributes, "user.id"),
        tags=_tags(attributes),
        prompt_version=plain_version(text(attributes, "llm.prompt_template.version")),
        finish=text(attributes, "llm.finish_reason") or (reply.finish_reason if reply else None),
        usage=Usage(
            tokens(attributes, "llm.token_count.prompt"),
            tokens(attributes, "llm.token_count.completion"),
            tokens(attributes, "llm.token_count.prompt_details.cache_read"),
            tokens(attributes, "llm.token_count.prompt_details.cache_write"),
        ),
        cost_usd=number(attributes, "llm.cost.total"),
        first_byte_ms=_first_byte_ms(span),
        outside=outside,
    )
    if body is None:
        found = _from_numbered(span, found)
    else:
        found = found._replace(body=body, wire=wire, asked=string(body.get("model")))
    answer = said_message(reply.message) if reply else _numbered_answer(attributes)
    return call_of(span, found._replace(answer=answer))


def _body(span: Span) -> tuple[Json | None, str, str]:
    """The request as it was sent, its wire, and why it is not to be asked again."""
    if span.scope != _RAW:
        return None, OPENAI, ""
    sent, outside = found_structured(span.attributes, "input.value")
    body = mapping(sent)
    if isinstance(body.get("messages"), list):
        wire = OPENAI
    elif isinstance(body.get("input"), str | list):
        wire = RESPONSES
        if any(body.get(name) for name in _ELSEWHERE):
            outside = outside or PARAMETERS_UNSEEN
    else:
        return None, OPENAI, ""
    form = body.get("response_format")
    if form is not None and not isinstance(form, dict):
        outside = outside or PARAMETERS_UNSEEN  # a class of the caller's, by its name
    return body, wire, outside


def _reply(attributes: Json, wire: str) -> Reply | None:
    told, cut = found_structured(attributes, "output.value")
    return None if cut else logged_reply(told, wire)


def _from_numbered(span: Span, found: Found) -> Found:
    attributes = span.attributes
    parameters, cut = found_structured(attributes, "llm.invocation_parameters")
    said = dict(mapping(parameters))
    asked = string(said.pop("model", ""))
    tools = [
        found_structured(attributes, name)[0]
        for name in sorted(filter(_TOOL.fullmatch, attributes), key=_number)
    ]
    said.pop("tools", None)
    outside = found.outside or marked(text(attributes, "input.value"))
    return found._replace(
        asked=asked,
        messages=_numbered(attributes, "input") or None,
        tools=function_tools(tools),
        parameters=said,
        outside=outside or (PARAMETERS_UNSEEN if cut or span.dropped else ""),
    )


def _numbered_answer(attributes: Json) -> Json | None:
    messages = _numbered(attributes, "output")
    return said_message(messages[0]) if messages else None


def _numbered(attributes: Json, which: str) -> list[Json]:
    """The messages by their numbers: a missing one ends nothing."""
    said: dict[int, Json] = {}
    for name, value in attributes.items():
        match = _MESSAGE.fullmatch(name)
        if match and match[1] == which:
            said.setdefault(int(match[2]), {})[match[3]] = value
    return [_message(fields) for _, fields in sorted(said.items())]


def _message(fields: Json) -> Json:
    calls: dict[int, Json] = {}
    parts: dict[int, Json] = {}
    for name, value in fields.items():
        if match := _CALL.fullmatch(name):
            calls.setdefault(int(match[1]), {})[match[2]] = value
        elif match := _PART.fullmatch(name):
            parts.setdefault(int(match[1]), {})[match[2]] = value
    role = string(fields.get("role")) or "user"
    content = string(fields.get("content")) or [_part(part) for _, part in sorted(parts.items())]
    if role == "assistant" and isinstance(content, list):
        content = "".join(string(part.get("text")) for part in content)
    message: Json = {"role": role, "content": content or None}
    if calls:
        message["tool_calls"] = [
            tool_call(call.get("id"), call.get("function.name"), call.get("function.arguments"))
            for _, call in sorted(calls.items())
        ]
    if role == "tool":
        message["tool_call_id"] = string(fields.get("tool_call_id"))
    return message


def _part(part: Json) -> Json:
    if url := string(part.get("image.image.url")):
        return {"type": "image_url", "image_url": {"url": url}}
    return {"type": "text", "text": string(part.get("text"))}


def _number(name: str) -> int:
    match = _TOOL.fullmatch(name)
    return int(match[1]) if match else 0


def _first_byte_ms(span: Span) -> float:
    first = next((event.at_ns for event in span.events if event.name == _FIRST), 0)
    return max(0, first - span.start_ns) / 1e6 if first else 0.0


def _tags(attributes: Json) -> tuple[str, ...]:
    said = attributes.get("tag.tags")
    return tuple(tag for tag in said if isinstance(tag, str)) if isinstance(said, list) else ()


DIALECT: Final = Dialect("openinference", _kind_of, _call_of, never_waits)
