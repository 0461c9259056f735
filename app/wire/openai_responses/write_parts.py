"""Turns of typed parts as items of the Responses wire."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import (
    OPENAI,
    RESPONSES,
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
from tierwatch.wire.crossing.rewritten import BOOKKEEPING, Notes, left_out, said_fields
from tierwatch.wire.json_values import mapping
from tierwatch.wire.openai_responses.tools import Called, read_input

Item = dict[str, Any]

# What another wire's turns hold for their own provider alone.
_LEFT_OUT = frozenset({"thinking", "redacted_thinking", "server_tool_use", "compaction"})
_NO_NAMES: Mapping[str, Called] = {}
# What a tool's output says first where the tool failed: this wire has no field for it.
_FAILED = "The tool call failed."
_OF_A_RESULT = BOOKKEEPING | {"is_error"}
# What other wires say of media that this one says as well.
_OF_ANY_PART = BOOKKEEPING | {"image_url"}


def write_turns(turns: Iterable[Turn], notes: Notes) -> list[Item]:
    """Turns as items.

    Args:
        turns: of any wire.
        notes: gets what was left out of them.

    Raises:
        ProviderError: kind ``refused`` when a turn holds what this wire cannot carry.
    """
    items: list[Item] = []
    for turn in turns:
        if turn.extras.wire != RESPONSES:
            notes += left_out(said_fields(turn.extras.fields, BOOKKEEPING))
            items += _items(turn.role, turn.parts, notes)
        elif "item" in turn.extras.fields:
            item = turn.extras.fields["item"]
            items += [] if item is None else [dict(item)]
        elif turn.role == "assistant" and not turn.plain:
            items += write_said(turn.parts, notes)
        elif turn.role == "tool":
            items += [_output(part, notes) for part in turn.parts if isinstance(part, ToolResult)]
        else:
            content = _content(turn.parts, turn.role, notes)
            said: Any = content[0]["text"] if turn.plain and content else content
            items.append({"role": turn.role, "content": said, **turn.extras.fields})
    return items


def _items(role: str, parts: Iterable[Part], notes: Notes) -> list[Item]:
    """The items that a turn of another wire becomes: its words together, where they stand."""
    items: list[Item] = []
    words: list[Item] = []

    def close() -> None:
        if words:
            items.append({"role": role, "content": [*words]})
            words.clear()

    for part in parts:
        match part:
            case ToolCall():
                close()
                _note_extras(part, notes)
                items.append(write_call(part))
            case ToolResult():
                close()
                items.append(_output(part, notes))
            case _:
                words += _written(part, role, notes)
    close()
    return items


def write_said(parts: Iterable[Part], notes: Notes) -> list[Item]:
    """The items that an assistant's turn of this wire was read from."""
    items: list[Item] = []
    content: list[Item] | None = None
    for part in parts:
        fields = part.extras.on(RESPONSES) if not isinstance(part, Unknown | Quoted) else {}
        match part:
            case ToolCall():
                items.append(write_call(part))
            case Reasoning():
                encrypted = part.encrypted
                sealed = {} if encrypted is None else {"encrypted_content": encrypted}
                items.append({**fields["item"], **sealed})
            case Unknown(_, _, True):
                items.append(dict(part.said))
            case Text() if fields.get("plain"):
                items.append({"role": "assistant", "content": part.text, **fields["message"]})
            case _:
                if content is None or "message" in fields:
                    content = []
                    message = fields.get("message") or {"type": "message"}
                    items.append({"role": "assistant", "content": content, **message})
                content += _written(part, "assistant", notes)
                continue
        content = None
    return items


def write_call(call: ToolCall, names: Mapping[str, Called] = _NO_NAMES) -> Item:
    """A call as an item, by the name and of the kind that its tool has on this wire.

    Args:
        call: of a function.
        names: what functions stand for.
    """
    item = call.extras.on(RESPONSES).get("item")
    if item is not None:
        if item.get("type") == "custom_tool_call":
            return {**item, "call_id": call.id, "input": read_input(call.arguments)}
        return {**item, "call_id": call.id, "arguments": call.arguments}
    if call.kind not in {"function", "custom"}:
        raise refused(f"The Responses wire has no tool call of type {call.kind!r}.")
    if call.kind == "custom":
        called = Called(call.name, custom=True)
        return call_item(call.id, called, call.arguments)
    return call_item(call.id, names.get(call.name) or Called(call.name), call.arguments)


def call_item(call_id: str, called: Called, arguments: str) -> Item:
    """The item of a call; ``arguments`` of a custom one are its free text."""
    space = {"namespace": called.namespace} if called.namespace else {}
    if called.custom:
        kind, field, given = "custom_tool_call", "input", read_input(arguments)
    else:
        kind, field, given = "function_call", "arguments", arguments or "{}"
    return {"type": kind, "call_id": call_id, "name": called.name, **space, field: given}


def _output(result: ToolResult, notes: Notes) -> Item:
    own = result.extras.on(RESPONSES)
    content = _content(result.parts, "user", notes)
    said: Any = content[0]["text"] if result.plain and content else content
    if result.extras.wire != RESPONSES and result.extras.fields:
        notes += left_out(said_fields(result.extras.fields, _OF_A_RESULT))
        if result.extras.fields.get("is_error"):
            notes.append("is_error->text")
            failed = {"type": "input_text", "text": _FAILED}
            said = f"{_FAILED}\n\n{said}" if isinstance(said, str) else [failed, *said]
    kind = {"type": "function_call_output"}
    return {**kind, "call_id": result.call_id, "output": said, **own}


def _content(parts: Sequence[Part], role: str, notes: Notes) -> list[Item]:
    return [written for part in parts for written in _written(part, role, notes)]


def note_left_out(parts: Iterable[Part], notes: Notes) -> None:
    """Note of parts of which the words alone are written what is left out of them."""
    for part in parts:
        if isinstance(part, Text):
            _note_extras(part, notes)
        else:
            notes += left_out([part.kind if isinstance(part, Unknown) else _name(part)])


def _name(part: Part) -> str:
    return part.kind if isinstance(part, Media) else type(part).__name__.lower()


def _note_extras(part: Text | Declined | Media | ToolCall, notes: Notes) -> None:
    if part.extras.fields and part.extras.wire != RESPONSES:
        notes += left_out(said_fields(part.extras.fields, _OF_ANY_PART))


def _written(part: Part, role: str, notes: Notes) -> list[Item]:
    """A part of a message's content; none for what is empty, or for another provider alone."""
    if isinstance(part, Unknown):
        return _unknown(part, notes)
    if isinstance(part, Quoted):
        return _quoted(part, role, notes)
    if isinstance(part, Reasoning):
        notes.append("-reasoning")
        return []
    if not isinstance(part, ToolResult):
        _note_extras(part, notes)
    own = {name: said for name, said in part.extras.on(RESPONSES).items() if name not in _OURS}
    match part:
        case Text():
            kind = "output_text" if role == "assistant" else "input_text"
            return [{"type": kind, "text": part.text, **own}]
        case Declined():
            return [{"type": "refusal", "refusal": part.text, **own}]
        case Media() if role == "assistant":
            raise refused(f"The Responses wire has no {part.kind} in an assistant's message.")
        case Media():
            return [{**_MEDIA[part.kind](part), **own}]
    raise refused("The Responses wire has no tool call or result within a message.")


def _unknown(part: Unknown, notes: Notes) -> list[Item]:
    if part.wire == RESPONSES:
        return [dict(part.said)]
    if part.for_issuer or part.kind in _LEFT_OUT:
        notes += left_out([part.kind])
        return []
    raise refused(f"The Responses wire has no content part {part.kind!r}.")


def _quoted(part: Quoted, role: str, notes: Notes) -> list[Item]:
    """A quotation under its title, piece by piece."""
    title = [Text(part.title, Extras(RESPONSES))] if part.title else []
    return [said for one in (*title, *part.parts) for said in _written(one, role, notes)]


_OURS = frozenset({"message", "plain", "as_data"})


def _image(image: Media) -> Item:
    detail = mapping(image.extras.fields.get("image_url")).get("detail")
    more = {"detail": detail} if image.extras.wire == OPENAI and detail else {}
    match image.source:
        case Data() as data:
            return {"type": "input_image", "image_url": _data_url(data), **more}
        case Url(url):
            return {"type": "input_image", "image_url": url, **more}
        case Stored(file_id) if _is_openais(image):
            return {"type": "input_image", "file_id": file_id, **more}
    raise refused("The Responses wire has no image from this source.")


def _file(file: Media) -> Item:
    name = {} if file.name is None else {"filename": file.name}
    match file.source:
        case PlainText(text):
            return {"type": "input_text", "text": text}
        case Data() as data:
            if not name and file.extras.wire != RESPONSES:
                name = {"filename": "document.pdf"}
            return {"type": "input_file", "file_data": _data_url(data), **name}
        case Url(url):
            field = "file_data" if file.extras.on(RESPONSES).get("as_data") else "file_url"
            return {"type": "input_file", field: url, **name}
        case Stored(file_id) if _is_openais(file):
            return {"type": "input_file", "file_id": file_id, **name}
    raise refused("The Responses wire has no file that another vendor keeps.")


def _audio(audio: Media) -> Item:
    if not isinstance(audio.source, Data):
        raise refused("The Responses wire takes audio as data alone.")
    said = {
        "data": audio.source.base64,
        "format": audio.source.media_type.removeprefix("audio/"),
    }
    return {"type": "input_audio", "input_audio": said}


_MEDIA = {"image": _image, "file": _file, "audio": _audio}


def _is_openais(media: Media) -> bool:
    return media.extras.wire in {OPENAI, RESPONSES}


def _data_url(data: Data) -> str:
    return f"data:{data.media_type};base64,{data.base64}"


def refused(sentence: str) -> ProviderError:
    """The error for what this wire cannot carry."""
    return ProviderError(sentence, kind="refused")
