"""Turns of typed parts as messages of OpenAI's wire."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import (
    OPENAI,
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
from tierwatch.wire.history.carried import OUR_SIGNATURE, is_signed, parted_id
from tierwatch.wire.json_values import mapping
from tierwatch.wire.openai_chat.read_parts import THOUGHTS

# What another wire's turns hold for their own provider alone.
_LEFT_OUT = frozenset({"thinking", "redacted_thinking", "server_tool_use", "compaction"})
# What a tool's message says first where the tool failed: this wire has no field for it.
_FAILED = "The tool call failed."
_OF_A_RESULT = BOOKKEEPING | {"is_error"}
_OF_ANY_PART = BOOKKEEPING | {"detail"}
_SOURCES = {Data: "base64", Url: "url", Stored: "file", PlainText: "text"}


def write_turn(turn: Turn, notes: Notes) -> list[dict[str, Any]]:
    """A turn as the messages it takes; none for one that says nothing here.

    Args:
        turn: of any wire.
        notes: gets what was left out of it.

    Raises:
        ProviderError: kind ``refused`` when it holds what this wire cannot carry.
    """
    if turn.extras.wire == OPENAI:
        return [_own_message(turn)]
    if turn.extras.fields:
        notes += left_out(said_fields(turn.extras.fields, BOOKKEEPING))
    if turn.role in {"system", "developer"}:  # every server takes the older word
        return [{"role": "system", "content": joined(turn.parts)}]
    if turn.plain:
        return [{"role": turn.role, "content": joined(turn.parts)}]
    if turn.role == "assistant":
        return _answer(turn.parts, notes)
    return _results_and_words(turn.parts, notes)


def _answer(parts: Iterable[Part], notes: Notes) -> list[dict[str, Any]]:
    message: dict[str, Any] = {"role": "assistant", "content": joined(parts) or None}
    calls = [write_call(part) for part in parts if isinstance(part, ToolCall)]
    if calls:
        message["tool_calls"] = calls
    for part in parts:
        match part:
            case Text() | ToolCall():
                _note_extras(part.extras, notes)
            case Reasoning(text, _, signature) if signature == OUR_SIGNATURE:
                message["reasoning_content"] = text  # its issuer's own, come home
            case Reasoning():
                notes.append("-thinking")
            case _:  # the provider's own tools and what they gave, media that a model made
                notes += left_out([_kind(part)])
    return [message] if calls or message["content"] else []


def _results_and_words(turn: Iterable[Part], notes: Notes) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    for part in turn:
        if not isinstance(part, ToolResult):
            parts += write_part(part, notes)
            continue
        said, shown = _given(part, notes)
        call_id = parted_id(part.call_id)[0]
        results.append({"role": "tool", "tool_call_id": call_id, "content": said})
        parts += shown
    return [*results, {"role": "user", "content": parts}] if parts else results


def _given(result: ToolResult, notes: Notes) -> tuple[str, list[dict[str, Any]]]:
    """What a tool gave: the words for its message, and what else follows as the user's.

    A message of a tool takes text alone, and has no field for a failure: it is said in words.
    """
    texts: list[str] = []
    shown: list[dict[str, Any]] = []
    for part in result.parts:
        for written in write_part(part, notes):
            if written["type"] == "text":
                texts.append(written["text"])
            else:
                shown.append(written)
    said = "\n\n".join(texts)
    fields = result.extras.fields
    if fields and result.extras.wire != OPENAI:
        notes += left_out(said_fields(fields, _OF_A_RESULT))
        if fields.get("is_error"):
            notes.append("is_error->text")
            said = f"{_FAILED}\n\n{said}" if said else _FAILED
    return said, shown


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
                message[part.extras.fields.get("field", THOUGHTS[0])] = part.text
            case Declined() if not listed:
                message["refusal"] = part.text
            case _:
                content += write_part(part, [])
    if content:
        message["content"] = content[0]["text"] if turn.plain else content
    if calls:
        message["tool_calls"] = calls
    return {**message, **turn.extras.fields}


def _own_content(parts: tuple[Part, ...], *, plain: bool) -> str | list[dict[str, Any]]:
    content = [written for part in parts for written in write_part(part, [])]
    return content[0]["text"] if plain and content else content


def joined(parts: Iterable[Part]) -> str:
    """The words in parts, as one text."""
    return "\n\n".join([part.text for part in parts if isinstance(part, Text)])


def write_call(call: ToolCall) -> dict[str, Any]:
    """A tool call."""
    own = call.extras.on(OPENAI)
    if call.kind == "function":
        function = {"name": call.name, "arguments": call.arguments}
        if is_signed(call.id) and call.extras.wire != OPENAI:
            call_id, signature = parted_id(call.id)
            own = {"extra_content": {"google": {"thought_signature": signature}}}
            return {"id": call_id, "type": "function", "function": function, **own}
        return {"id": call.id, "type": "function", "function": function, **own}
    if call.kind == "custom":
        custom = {"name": call.name, "input": call.arguments}
        return {"id": call.id, "type": "custom", "custom": custom, **own}
    return {"id": call.id, "type": call.kind, **own}


def write_part(part: Part, notes: Notes) -> list[dict[str, Any]]:
    """A part of a message's content; none for what is for another provider alone."""
    if isinstance(part, Unknown):
        return _unknown(part, notes)
    if isinstance(part, Quoted):
        return _quoted(part, notes)
    if isinstance(part, ToolCall | ToolResult):
        raise _refused("tool_use" if isinstance(part, ToolCall) else "tool_result", None)
    _note_extras(part.extras, notes)
    own = part.extras.on(OPENAI)
    if isinstance(part, Media):
        return [_media(part, own)]
    if isinstance(part, Reasoning):
        return []
    kind = "text" if isinstance(part, Text) else "refusal"
    return [{"type": kind, kind: part.text, **own}]


def _unknown(part: Unknown, notes: Notes) -> list[dict[str, Any]]:
    if part.wire == OPENAI:
        return [dict(part.said)]
    if part.for_issuer or part.kind in _LEFT_OUT:
        notes += left_out([part.kind])
        return []
    raise _refused(part.kind, mapping(part.said.get("source")).get("type"))


def _quoted(part: Quoted, notes: Notes) -> list[dict[str, Any]]:
    """The words of a quotation as one text under its title, and what it shows after them."""
    words = [part.title or "", joined(part.parts)]
    text = {"type": "text", "text": "\n\n".join(word for word in words if word)}
    rest = (one for one in part.parts if not isinstance(one, Text))
    return [text, *[written for one in rest for written in write_part(one, notes)]]


def _media(part: Media, own: Mapping[str, Any]) -> dict[str, Any]:
    tidy = part if part.extras.wire == OPENAI else tidy_media(part)
    if tidy is None:
        raise ProviderError(f"The data of the {part.kind} is not base64.", kind="refused")
    return _MEDIA[tidy.kind](tidy, own)


def _note_extras(extras: Extras, notes: Notes) -> None:
    if extras.fields and extras.wire != OPENAI:
        notes += left_out(said_fields(extras.fields, _OF_ANY_PART))


def _kind(part: Part) -> str:
    match part:
        case Media():
            return part.kind
        case Unknown():
            return part.kind
    return type(part).__name__.lower()


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
            named = f"{file.name}\n\n" if file.name and not ours else ""
            return {"type": "text", "text": f"{named}{file.source.text}"}
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
