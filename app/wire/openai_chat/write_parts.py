"""Turns of typed parts as messages of OpenAI's wire."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import (
    OPENAI,
    Data,
    Declined,
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
from tierwatch.wire.json_values import mapping

# What another wire's turns hold for their own provider alone.
_LEFT_OUT = frozenset({"thinking", "redacted_thinking", "server_tool_use", "compaction"})
_SOURCES = {Data: "base64", Url: "url", Stored: "file", PlainText: "text"}


def write_turn(turn: Turn) -> list[dict[str, Any]]:
    """A turn as the messages it takes; none for one that says nothing here.

    Raises:
        ProviderError: kind ``refused`` when it holds what this wire cannot carry.
    """
    if turn.extras.wire == OPENAI:
        return [_own_message(turn)]
    if turn.role in {"system", "developer"}:  # every server takes the older word
        return [{"role": "system", "content": joined(turn.parts)}]
    if turn.plain:
        return [{"role": turn.role, "content": joined(turn.parts)}]
    if turn.role == "assistant":
        message: dict[str, Any] = {"role": "assistant", "content": joined(turn.parts) or None}
        calls = [write_call(part) for part in turn.parts if isinstance(part, ToolCall)]
        if calls:
            message["tool_calls"] = calls
        return [message] if calls or message["content"] else []
    return _results_and_words(turn.parts)


def _results_and_words(turn: Iterable[Part]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    for part in turn:
        if not isinstance(part, ToolResult):
            parts += write_part(part)
            continue
        content = joined(part.parts)
        results.append({"role": "tool", "tool_call_id": part.call_id, "content": content})
        # A tool message takes text alone; what else the tool gave follows as the user's.
        for shown in part.parts:
            if not isinstance(shown, Text):
                parts += write_part(shown)
    return [*results, {"role": "user", "content": parts}] if parts else results


def _own_message(turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": turn.role, "content": None}
    content: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    listed = not turn.plain and any(isinstance(part, Text | Media | Unknown) for part in turn.parts)
    for part in turn.parts:
        match part:
            case ToolResult():
                message["tool_call_id"] = part.call_id
                message["content"] = _own_content(part.parts, plain=part.plain)
            case ToolCall():
                calls.append(write_call(part))
            case Reasoning():
                message["reasoning_content"] = part.text
            case Declined() if not listed:
                message["refusal"] = part.text
            case _:
                content += write_part(part)
    if content:
        message["content"] = content[0]["text"] if turn.plain else content
    if calls:
        message["tool_calls"] = calls
    return {**message, **turn.extras.fields}


def _own_content(parts: tuple[Part, ...], *, plain: bool) -> str | list[dict[str, Any]]:
    content = [written for part in parts for written in write_part(part)]
    return content[0]["text"] if plain and content else content


def joined(parts: Iterable[Part]) -> str:
    """The words in parts, as one text."""
    return "\n\n".join([part.text for part in parts if isinstance(part, Text)])


def write_call(call: ToolCall) -> dict[str, Any]:
    """A tool call."""
    own = call.extras.on(OPENAI)
    if call.kind == "function":
        function = {"name": call.name, "arguments": call.arguments}
        return {"id": call.id, "type": "function", "function": function, **own}
    if call.kind == "custom":
        custom = {"name": call.name, "input": call.arguments}
        return {"id": call.id, "type": "custom", "custom": custom, **own}
    return {"id": call.id, "type": call.kind, **own}


def write_part(part: Part) -> list[dict[str, Any]]:
    """A part of a message's content; none for what is for another provider alone."""
    if isinstance(part, Unknown):
        if part.wire == OPENAI:
            return [dict(part.said)]
        if part.for_issuer or part.kind in _LEFT_OUT:
            return []
        raise _refused(part.kind, mapping(part.said.get("source")).get("type"))
    own = part.extras.on(OPENAI)
    match part:
        case Text():
            return [{"type": "text", "text": part.text, **own}]
        case Declined():
            return [{"type": "refusal", "refusal": part.text, **own}]
        case Reasoning():
            return []
        case Media():
            return [_MEDIA[part.kind](part, own)]
    raise _refused("tool_use" if isinstance(part, ToolCall) else "tool_result", None)


def _image(image: Media, own: Mapping[str, Any]) -> dict[str, Any]:
    more = mapping(own.get("image_url"))
    detail = image.extras.fields.get("detail")
    if detail and image.extras.wire != OPENAI:
        more = {"detail": detail}
    match image.source:
        case Data():
            url = _data_url(image.source)
        case Url():
            url = image.source.url
        case _:
            raise _refused("image", _SOURCES[type(image.source)])
    return {"type": "image_url", **own, "image_url": {"url": url, **more}}


def _file(file: Media, own: Mapping[str, Any]) -> dict[str, Any]:
    ours = file.extras.wire == OPENAI
    match file.source:
        case PlainText():
            return {"type": "text", "text": file.source.text}
        case Data():
            said = {"filename": file.name or "document.pdf", "file_data": _data_url(file.source)}
        case Stored() if ours:
            said = {"file_id": file.source.file_id}
        case Url() if ours:
            said = {"file_data": file.source.url}
        case _:
            raise _refused("document", _SOURCES[type(file.source)])
    if ours:
        said.pop("filename", None)
        said |= {} if file.name is None else {"filename": file.name}
    return {"type": "file", "file": said, **own}


def _audio(audio: Media, own: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(audio.source, Data):
        raise _refused("audio", _SOURCES[type(audio.source)])
    said = {
        "data": audio.source.base64,
        "format": audio.source.media_type.removeprefix("audio/"),
    }
    return {"type": "input_audio", "input_audio": said, **own}


_MEDIA: Mapping[str, Callable[[Media, Mapping[str, Any]], dict[str, Any]]] = {
    "image": _image,
    "file": _file,
    "audio": _audio,
}


def _data_url(data: Data) -> str:
    return f"data:{data.media_type};base64,{data.base64}"


def _refused(kind: str, source: object) -> ProviderError:
    return ProviderError(
        f"OpenAI's wire has no content part for {kind!r} from {source!r}.", kind="refused"
    )
