"""Vercel's AI SDK 4 and 5 (5.0.277): ``doGenerate`` and ``doStream`` are the calls.

The outer spans (``ai.generateText``) repeat the text and sum the tokens. An object's schema stands
on the outer span alone, so what was asked for by ``generateObject`` cannot be asked for again.
"""

from collections.abc import Sequence
from typing import Final

from tierwatch.intake.calls import FRAME, OTHER, PARAMETERS_UNSEEN, TRUNCATED, Call
from tierwatch.intake.otlp.dialects.dialect import Dialect, never_waits
from tierwatch.intake.otlp.dialects.found import Found, call_of, function_tools
from tierwatch.intake.otlp.dialects.gen_ai import request_parameters, usage_in
from tierwatch.intake.otlp.dialects.parts import Said, said_messages, tool_call
from tierwatch.intake.otlp.reading import found_structured, number, structured, text, tokens
from tierwatch.intake.otlp.telemetry import LogRecord, Span
from tierwatch.store.documents import Json, JsonValue
from tierwatch.wire.json_values import mapping, objects, string
from tierwatch.wire.usage import Usage

_ID: Final = "ai.operationId"
_CALLS: Final = ("Text.doGenerate", "Text.doStream", "Object.doGenerate", "Object.doStream")
_FRAMES: Final = frozenset(
    {"ai.generateText", "ai.streamText", "ai.generateObject", "ai.streamObject"}
)
_METADATA: Final = "ai.telemetry.metadata."


def _kind_of(span: Span) -> str:
    operation = string(span.attributes.get(_ID))
    if operation in _FRAMES:
        return FRAME
    return "" if operation.endswith(_CALLS) else OTHER


def _call_of(span: Span, _records: Sequence[LogRecord]) -> Call:
    attributes = span.attributes
    asked = _asked(attributes)
    tools, unread = _tools(attributes)
    parameters, unseen = request_parameters(attributes)
    choice, odd = _tool_choice(attributes)
    for_object = "Object." in string(attributes.get(_ID))
    lost = unread or unseen or odd or for_object or bool(span.dropped)
    usage = usage_in(attributes)
    return call_of(
        span,
        Found(
            asked=text(attributes, "gen_ai.request.model", "ai.model.id"),
            model=text(attributes, "gen_ai.response.model", "ai.response.model"),
            provider=text(attributes, "gen_ai.system", "ai.model.provider"),
            session=text(
                attributes,
                *(f"{_METADATA}{name}" for name in ("sessionId", "threadId", "langfuseSessionId")),
            ),
            user=text(attributes, f"{_METADATA}userId"),
            tags=tuple(filter(None, (text(attributes, "ai.telemetry.functionId"),))),
            messages=asked.messages or None,
            tools=tools,
            parameters=parameters | choice,
            answer=_answer(attributes),
            finish=text(attributes, "ai.response.finishReason"),
            usage=Usage(
                usage.prompt_tokens,
                usage.completion_tokens,
                tokens(attributes, "ai.usage.cachedInputTokens"),
            ),
            first_byte_ms=number(attributes, "ai.response.msToFirstChunk") or 0.0,
            form_unseen=True,
            outside=asked.outside or (PARAMETERS_UNSEEN if lost else ""),
        ),
    )


def _asked(attributes: Json) -> Said:
    told, outside = found_structured(attributes, "ai.prompt.messages")
    if told is None:
        return Said([], outside=outside)
    said = said_messages([_in_parts(one) for one in objects(told)])
    return said._replace(outside=said.outside or outside)


def _in_parts(message: Json) -> Json:
    content = message.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    parts = [_part(part) for part in objects(content)]
    return {"role": message.get("role"), "parts": parts}


def _part(part: Json) -> Json:
    """A part of the SDK's prompt as the conventions have it; an unknown one stays unknown."""
    kind = string(part.get("type"))
    if kind == "text":
        return {"type": "text", "content": part.get("text")}
    if kind == "tool-call":
        given = part.get("input", part.get("args"))
        return {"type": "tool_call", "id": part.get("toolCallId"), "name": part.get("toolName"),
                "arguments": given}  # fmt: skip
    if kind == "tool-result":
        output = part.get("output")
        said = output.get("value") if isinstance(output, dict) else part.get("result")
        return {"type": "tool_call_response", "id": part.get("toolCallId"), "response": said}
    if kind in {"file", "image"}:
        return _file(part)
    return part


def _file(part: Json) -> Json:
    data = part.get("data", part.get("image"))
    media_type = string(part.get("mediaType")) or string(part.get("mimeType")) or "image/*"
    if not isinstance(data, str):
        return {"type": TRUNCATED}
    kind = "uri" if data.startswith(("http://", "https://", "data:")) else "blob"
    return {"type": kind, "uri": data, "content": data, "mime_type": media_type}


def _answer(attributes: Json) -> Json | None:
    told = text(attributes, "ai.response.text", "ai.response.object")
    calls = [
        tool_call(call.get("toolCallId"), call.get("toolName"), call.get("input", call.get("args")))
        for call in objects(found_structured(attributes, "ai.response.toolCalls")[0])
    ]
    if not (told or calls):
        return None
    message: Json = {"role": "assistant", "content": told or None}
    return message | {"tool_calls": calls} if calls else message


def _tools(attributes: Json) -> tuple[list[Json] | None, bool]:
    """The tools, each of which is JSON as text, and whether one of them cannot be read."""
    said = attributes.get("ai.prompt.tools")
    if said is None:
        return None, False
    definitions: list[JsonValue] = []
    try:
        definitions = [structured(one) for one in (said if isinstance(said, list) else [said])]
    except ValueError:
        return None, True
    return function_tools(definitions), False


def _tool_choice(attributes: Json) -> tuple[Json, bool]:
    """The choice of a tool that was asked for, and whether it is one that is not known here."""
    told, cut = found_structured(attributes, "ai.prompt.toolChoice")
    choice = mapping(told)
    kind = string(choice.get("type")) or "auto"
    if kind == "tool":
        name = {"name": string(choice.get("toolName"))}
        return {"tool_choice": {"type": "function", "function": name}}, bool(cut)
    if kind in {"none", "required"}:
        return {"tool_choice": kind}, bool(cut)
    return {}, bool(cut) or kind != "auto"


DIALECT: Final = Dialect("vercel-5", _kind_of, _call_of, never_waits)
