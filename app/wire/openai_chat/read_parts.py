"""Messages of OpenAI's wire as turns of typed parts."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.chat import (
    OPENAI,
    Data,
    Declined,
    Extras,
    Media,
    Part,
    Reasoning,
    Source,
    Stored,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Unknown,
    Url,
)
from tierwatch.wire.json_values import json_text, mapping, objects, rest, string

NOTHING = Extras(OPENAI)

# Where a model's thoughts stand: DeepSeek's word first, then OpenRouter's and vLLM's.
THOUGHTS = ("reasoning_content", "reasoning")

_OF_ANY = frozenset({"role", "content"})
_OF_A_RESULT = _OF_ANY | {"tool_call_id"}
_OF_A_CALL = frozenset({"id", "type", "function", "custom"})


def read_turn(message: Mapping[str, Any]) -> Turn:
    """A message as a turn. Never raises: what has no typed form is kept as it was said."""
    role, content = string(message.get("role")), message.get("content")
    plain = isinstance(content, str)
    if role == "tool":
        call_id = string(message.get("tool_call_id"))
        result = ToolResult(call_id, _content(content), plain, NOTHING)
        return Turn(role, (result,), plain, extras_of(message, _OF_A_RESULT))
    if role == "assistant":
        return _answer(message, content, plain=plain)
    return Turn(role, _content(content), plain, extras_of(message, _OF_ANY))


def _answer(message: Mapping[str, Any], content: object, *, plain: bool) -> Turn:
    fields = rest(message, _OF_ANY)
    parts: list[Part] = []
    thought = next((name for name in THOUGHTS if isinstance(fields.get(name), str)), None)
    if thought is not None:
        said = NOTHING if thought == THOUGHTS[0] else Extras(OPENAI, {"field": thought})
        parts.append(Reasoning(fields.pop(thought), said))
    parts += _content(content)
    if isinstance(fields.get("refusal"), str):
        parts.append(Declined(fields.pop("refusal"), NOTHING))
    if isinstance(fields.get("tool_calls"), list):
        parts += [_read_call(call) for call in objects(fields.pop("tool_calls"))]
    return Turn("assistant", tuple(parts), plain, Extras(OPENAI, fields) if fields else NOTHING)


def _content(content: object) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content, NOTHING),)
    return tuple([_read_part(part) for part in objects(content)])


def _read_part(part: Mapping[str, Any]) -> Part:
    read = _PARTS.get(string(part.get("type")))
    typed = read(part) if read is not None else None
    return Unknown(OPENAI, part) if typed is None else typed


def _text(part: Mapping[str, Any]) -> Part:
    return Text(string(part.get("text")), extras_of(part, _TEXT))


def _declined(part: Mapping[str, Any]) -> Part:
    return Declined(string(part.get("refusal")), extras_of(part, _REFUSAL))


def _image(part: Mapping[str, Any]) -> Part | None:
    image = mapping(part.get("image_url"))
    url = image.get("url")
    if not isinstance(url, str):
        return None
    return Media("image", _source(url), None, extras_of(part, _IMAGE, "image_url", _URL))


def _file(part: Mapping[str, Any]) -> Part | None:
    file = mapping(part.get("file"))
    data, file_id, name = (file.get(key) for key in ("file_data", "file_id", "filename"))
    if isinstance(data, str):
        source = _source(data)
    elif isinstance(file_id, str):
        source = Stored(file_id)
    else:
        return None
    name = name if isinstance(name, str) else None
    return Media("file", source, name, extras_of(part, _FILE))


def _audio(part: Mapping[str, Any]) -> Part | None:
    audio = mapping(part.get("input_audio"))
    data = audio.get("data")
    if not isinstance(data, str):
        return None
    source = Data(f"audio/{string(audio.get('format'))}", data)
    return Media("audio", source, None, extras_of(part, _AUDIO))


_TEXT, _REFUSAL, _IMAGE, _FILE, _AUDIO = (
    frozenset({"type", name}) for name in ("text", "refusal", "image_url", "file", "input_audio")
)
_URL = frozenset({"url"})
_PARTS = {
    "text": _text,
    "refusal": _declined,
    "image_url": _image,
    "file": _file,
    "input_audio": _audio,
}


def _source(url: str) -> Source:
    if not url.startswith("data:"):
        return Url(url)
    head, comma, data = url[len("data:") :].partition(",")
    if comma and head.endswith(";base64"):
        return Data(head.removesuffix(";base64"), data)
    return Url(url)  # not base64: who cannot take it as it is says so


def _read_call(call: Mapping[str, Any]) -> ToolCall:
    extras = extras_of(call, _OF_A_CALL)
    function, custom = mapping(call.get("function")), mapping(call.get("custom"))
    if function:
        arguments = function.get("arguments") or ""
        if not isinstance(arguments, str):  # some compatible servers write the object itself
            arguments = json_text(arguments)
        name = string(function.get("name"))
        return ToolCall(string(call.get("id")), name, arguments, extras)
    return ToolCall(
        string(call.get("id")),
        string(custom.get("name")),
        string(custom.get("input")),
        extras,
        kind="custom" if custom else string(call.get("type")) or "unknown",
    )


def extras_of(
    said: Mapping[str, Any],
    known: frozenset[str],
    within: str = "",
    known_within: frozenset[str] = frozenset(),
) -> Extras:
    """What was said beyond the known fields; of the field ``within``, beyond those known there."""
    inner = rest(mapping(said.get(within)), known_within) if within else None
    if inner:
        return Extras(OPENAI, {**rest(said, known), within: inner})
    return NOTHING if known.issuperset(said) else Extras(OPENAI, rest(said, known))
