"""Turns of typed parts as messages of Anthropic's wire."""

import binascii
import json
from base64 import b64decode
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
    Reasoning,
    Stored,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Unknown,
    Url,
)

Block = dict[str, Any]

# Blocks of this wire's own that a caller may send on another one.
_KNOWN = frozenset({"image", "document", "search_result"})
# What the parts are called on the wires they may come from.
_ELSEWHERE = {"image": "image_url", "file": "file", "audio": "input_audio"}


def write_turns(request: ChatRequest) -> tuple[list[Block], list[Block]]:
    """The system prompt as blocks, and the messages; some of these may be empty.

    Raises:
        ProviderError: kind ``refused`` when a turn holds what this wire cannot carry.
    """
    system: list[Block] = []
    if request.instructions is not None:
        system += write_blocks(request.instructions.parts)
    messages: list[Block] = []
    results: list[Block] | None = None
    for turn in request.turns:
        if turn.role == "tool":
            if results is None:
                results = []
                messages.append({"role": "user", "content": results})
            results += write_blocks(turn.parts)
            continue
        results = None
        own = turn.extras.wire == ANTHROPIC
        if turn.role in {"system", "developer"} and not own:
            system += write_blocks(turn.parts)
        elif turn.role in {"user", "assistant"} or own:
            content = _content(turn, own=own)
            messages.append({"role": turn.role, "content": content, **turn.extras.on(ANTHROPIC)})
        else:
            raise _refused(f"Anthropic's wire has no role {turn.role!r}.")
    return system, messages


def _content(turn: Turn, *, own: bool) -> str | list[Block]:
    if turn.plain and (own or turn.role == "user"):
        return "".join([part.text for part in turn.parts if isinstance(part, Text)])
    return write_blocks(turn.parts)


def write_blocks(parts: Iterable[Part]) -> list[Block]:
    """The blocks of a message; none for what is empty, or for another provider alone."""
    return [block for part in parts if (block := _write_block(part)) is not None]


def _write_block(part: Part) -> Block | None:
    match part:
        case Text() | Declined():
            if not part.text:
                return None
            block: Block = {"type": "text", "text": part.text}
        case ToolCall():
            block = _tool_use(part)
        case ToolResult():
            plain = "".join([one.text for one in part.parts if isinstance(one, Text)])
            content = plain if part.plain else write_blocks(part.parts)
            block = {"type": "tool_result", "tool_use_id": part.call_id, "content": content}
        case Reasoning():
            return _thinking(part)
        case Media():
            block = _media(part)
        case Unknown():
            return _unknown(part)
    return {**block, **_own(part.extras)} if part.extras.fields else block


def _unknown(part: Unknown) -> Block | None:
    if part.wire == ANTHROPIC or part.kind in _KNOWN:
        return dict(part.said)
    if part.for_issuer:
        return None
    if part.kind == "image_url":  # it is untyped for want of one
        raise _refused("An image or file part has no url or data.")
    raise _refused(f"Anthropic's wire has no content part {part.kind!r}.")


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
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    return value if isinstance(value, dict) else {"arguments": value}


def _thinking(thought: Reasoning) -> Block | None:
    if thought.extras.wire != ANTHROPIC:
        return None
    if thought.encrypted is not None:
        return {"type": "redacted_thinking", "data": thought.encrypted, **thought.extras.fields}
    block = {"type": "thinking", "thinking": thought.text, "signature": thought.signature}
    return {**block, **thought.extras.fields}


def _media(media: Media) -> Block:
    own = media.extras.wire == ANTHROPIC
    match media.source:
        case _ if media.kind == "audio":
            source = None
        case Data() as data:
            source = _base64(data, checked=own)
        case Url(url):
            source = {"type": "url", "url": url} if own else _linked(url)
        case PlainText(text):
            source = {"type": "text", "media_type": "text/plain", "data": text}
        case Stored(file_id):
            source = {"type": "file", "file_id": file_id} if own else None
    if source is None:
        raise _refused(f"Anthropic's wire has no content part {_ELSEWHERE[media.kind]!r}.")
    block = {"type": "image" if media.kind == "image" else "document", "source": source}
    return block if media.name is None else {**block, "title": media.name}


def _base64(data: Data, *, checked: bool) -> Block:
    if not checked:
        try:
            b64decode(data.base64, validate=True)
        except (binascii.Error, ValueError) as error:
            raise _refused("A data URL holds characters that are not base64.") from error
    media_type = data.media_type if checked else data.media_type.partition(";")[0]
    return {"type": "base64", "media_type": media_type, "data": data.base64}


def _linked(url: str) -> Block:
    if not url.startswith("data:"):
        return {"type": "url", "url": url}
    head, _, data = url[len("data:") :].partition(",")
    media_type, *parameters = head.split(";")
    if "base64" not in parameters:
        raise _refused("A data URL is not base64.")
    return _base64(Data(media_type, data), checked=False)


def _refused(sentence: str) -> ProviderError:
    return ProviderError(sentence, kind="refused")
