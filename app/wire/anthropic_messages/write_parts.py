"""Turns of typed parts as messages of Anthropic's wire."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import (
    ANTHROPIC,
    ChatRequest,
    Data,
    Declined,
    Extras,
    Media,
    Part,
    PlainText,
    Quoted,
    Reasoning,
    Stored,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Unknown,
    Url,
)
from tierwatch.wire.crossing.media import tidy_media
from tierwatch.wire.crossing.rewritten import BOOKKEEPING, Notes, left_out, said_fields

Block = dict[str, Any]
# Blocks of this wire's own that a caller may send on another one.
_KNOWN = frozenset({"image", "document", "search_result"})
# What the parts are called on the wires they may come from.
_ELSEWHERE = {"image": "image_url", "file": "file", "audio": "input_audio"}
# What other wires say beside a part that this one says as well.
_OF_ANY_PART = BOOKKEEPING | {"cache_control"}


def write_turns(request: ChatRequest, notes: Notes) -> tuple[list[Block], list[Block]]:
    """The system prompt as blocks, and the messages; some of these may be empty.

    Args:
        request: of any wire.
        notes: gets what was left out of its turns.

    Raises:
        ProviderError: kind ``refused`` when a turn holds what this wire cannot carry.
    """
    system: list[Block] = []
    if request.instructions is not None:
        system += write_blocks(request.instructions.parts, notes)
    messages: list[Block] = []
    results: list[Block] | None = None
    for turn in request.turns:
        own = turn.extras.wire == ANTHROPIC
        if turn.extras.fields and not own:
            notes += left_out(said_fields(turn.extras.fields, BOOKKEEPING))
        if turn.role == "tool":
            if results is None:
                results = []
                messages.append({"role": "user", "content": results})
            results += write_blocks(turn.parts, notes)
            continue
        results = None
        if turn.role in {"system", "developer"} and not own:
            system += write_blocks(turn.parts, notes)
        elif turn.role in {"user", "assistant"} or own:
            content = _content(turn, notes, own=own)
            messages.append({"role": turn.role, "content": content, **turn.extras.on(ANTHROPIC)})
        else:
            raise _refused(f"Anthropic's wire has no role {turn.role!r}.")
    return system, messages


def _content(turn: Turn, notes: Notes, *, own: bool) -> str | list[Block]:
    if turn.plain and (own or turn.role == "user"):
        text = "".join([part.text for part in turn.parts if isinstance(part, Text)])
        return text if text.strip() else ""
    return write_blocks(turn.parts, notes)


def write_blocks(parts: Iterable[Part], notes: Notes) -> list[Block]:
    """The blocks of a message; none for what is blank, or for another provider alone."""
    return [block for part in parts if (block := _write_block(part, notes)) is not None]


def _write_block(part: Part, notes: Notes) -> Block | None:
    match part:
        case Text() | Declined():
            if not part.text or part.text.isspace():  # Anthropic refuses it
                return None
            block: Block = {"type": "text", "text": part.text}
        case ToolCall():
            block = _tool_use(part)
        case ToolResult():
            block = _tool_result(part, notes)
        case Reasoning():
            return _thinking(part, notes)
        case Media():
            block = _media(part)
        case Quoted() | Unknown():
            return _as_said(part, notes)
    if not part.extras.fields:
        return block
    if part.extras.wire != ANTHROPIC:
        notes += left_out(said_fields(part.extras.fields, _OF_ANY_PART))
    return {**block, **_own(part.extras)}


def _as_said(part: Quoted | Unknown, notes: Notes) -> Block | None:
    """What stays as its own wire said it, and what of another wire's can be said in text."""
    if isinstance(part, Quoted):
        if part.said.wire == ANTHROPIC:
            return dict(part.said.fields)
        words = [block["text"] for block in write_blocks(part.parts, notes) if "text" in block]
        return {"type": "text", "text": "\n\n".join([part.title or "", *words]).strip()}
    if part.wire == ANTHROPIC or part.kind in _KNOWN:
        return dict(part.said)
    if part.for_issuer:
        notes += left_out([part.kind])
        return None
    if part.kind == "image_url":  # it is untyped for want of one
        raise _refused("An image or file part has no url or data.")
    raise _refused(f"Anthropic's wire has no content part {part.kind!r}.")


def _tool_result(result: ToolResult, notes: Notes) -> Block:
    plain = "".join([one.text for one in result.parts if isinstance(one, Text)])
    content = plain if result.plain else write_blocks(result.parts, notes)
    return {"type": "tool_result", "tool_use_id": result.call_id, "content": content}


def _own(extras: Extras) -> Mapping[str, Any]:
    """What was said on this wire beyond the typed fields; of another one the cache's mark."""
    if extras.wire == ANTHROPIC:
        return extras.fields
    mark = extras.fields.get("cache_control")
    return {"cache_control": mark} if mark else {}


def _tool_use(call: ToolCall) -> Block:
    if call.kind != "function":
        raise _refused(f"Anthropic's wire has no tool call of type {call.kind!r}.")
    given = _arguments(call.arguments)
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": given}


def _arguments(text: str) -> dict[str, Any]:
    """The arguments of a call as an object; a model's broken JSON is kept under ``arguments``."""
    if not text:
        return {}
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        value = text
    return value if isinstance(value, dict) else {"arguments": value}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")  # Python writes it as it reads it


def _thinking(thought: Reasoning, notes: Notes) -> Block | None:
    if thought.extras.wire != ANTHROPIC:
        notes += left_out(["reasoning"])
        return None
    if thought.encrypted is not None:
        return {"type": "redacted_thinking", "data": thought.encrypted, **thought.extras.fields}
    block = {"type": "thinking", "thinking": thought.text, "signature": thought.signature}
    return {**block, **thought.extras.fields}


def _media(media: Media) -> Block:
    own = media.extras.wire == ANTHROPIC
    tidy = media if own or media.kind == "audio" else tidy_media(media)
    if tidy is None:
        raise _refused(f"The data of the {media.kind} is not base64.")
    match tidy.source:
        case _ if tidy.kind == "audio":
            source = None
        case Data() as data:
            source = {"type": "base64", "media_type": data.media_type, "data": data.base64}
        case Url(url):
            if not own and url[:5].lower() == "data:":
                raise _refused("A data URL is not base64.")
            source = {"type": "url", "url": url}
        case PlainText(text):
            source = {"type": "text", "media_type": "text/plain", "data": text}
        case Stored(file_id):
            source = {"type": "file", "file_id": file_id} if own else None
    if source is None:
        raise _refused(f"Anthropic's wire has no content part {_ELSEWHERE[media.kind]!r}.")
    block = {"type": "image" if tidy.kind == "image" else "document", "source": source}
    return block if tidy.name is None else {**block, "title": tidy.name}


def _refused(sentence: str) -> ProviderError:
    return ProviderError(sentence, kind="refused")
