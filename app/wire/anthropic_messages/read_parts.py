"""Messages of Anthropic's wire as turns of typed parts."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.chat import (
    ANTHROPIC,
    Data,
    Extras,
    Media,
    Part,
    PlainText,
    Quoted,
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
from tierwatch.wire.json_values import (
    json_text,
    mapping,
    objects,
    rest,
    string,
    string_or_none,
)

NOTHING = Extras(ANTHROPIC)

_OF_A_TURN = frozenset({"role", "content"})
_OF_A_TEXT = frozenset({"type", "text"})
_OF_A_CALL = frozenset({"type", "id", "name", "input"})
_OF_A_RESULT = frozenset({"type", "tool_use_id", "content"})
_OF_MEDIA = frozenset({"type", "source", "title"})
_OF_THINKING = frozenset({"type", "thinking", "signature"})
_OF_REDACTED = frozenset({"type", "data"})


def read_turn(message: Mapping[str, Any]) -> Turn:
    """A message as a turn. Never raises: what has no typed form is kept as it was said."""
    return content_turn(string(message.get("role")), message.get("content"), message)


def content_turn(role: str, content: object, message: Mapping[str, Any]) -> Turn:
    """A turn of this content; ``message`` is read for what else was said of it."""
    extras = extras_of(message, _OF_A_TURN)
    if isinstance(content, str):
        return Turn(role, (Text(content, NOTHING),), plain=True, extras=extras)
    return Turn(role, read_blocks(content), plain=False, extras=extras)


def read_blocks(content: object) -> tuple[Part, ...]:
    """The blocks of a message as parts."""
    return tuple(
        [
            _read_result(block) if block.get("type") == "tool_result" else _read_said(block)
            for block in objects(content)
        ]
    )


def _read_result(block: Mapping[str, Any]) -> ToolResult:
    content = block.get("content")
    plain = isinstance(content, str)
    # Results hold no results of their own: what is nested more deeply is not followed.
    parts: list[Part] = [_read_said(inner) for inner in objects(content)]
    if isinstance(content, str):
        parts = [Text(content, NOTHING)]
    call_id = string(block.get("tool_use_id"))
    return ToolResult(call_id, tuple(parts), plain, extras_of(block, _OF_A_RESULT))


def _read_said(block: Mapping[str, Any]) -> Part:
    match block.get("type"):
        case "text":
            return Text(string(block.get("text")), extras_of(block, _OF_A_TEXT))
        case "tool_use":
            arguments = json_text(block.get("input") or {})
            call_id, name = string(block.get("id")), string(block.get("name"))
            return ToolCall(call_id, name, arguments, extras_of(block, _OF_A_CALL))
        case "thinking":
            return Reasoning(
                string(block.get("thinking")),
                extras_of(block, _OF_THINKING),
                signature=string_or_none(block.get("signature")),
            )
        case "redacted_thinking":
            return Reasoning(
                "", extras_of(block, _OF_REDACTED), encrypted=string(block.get("data"))
            )
        case _:
            return _read_shown(block)


def _read_shown(block: Mapping[str, Any]) -> Part:
    """What is shown or quoted."""
    kind = string(block.get("type"))
    if kind in {"image", "document"}:
        said = mapping(block.get("source"))
        source = _source(said, kind)
        if source is not None:
            shown: Any = "image" if kind == "image" else "file"
            title = string(block.get("title")) or None
            return Media(shown, source, title, extras_of(block, _OF_MEDIA))
        if said.get("type") == "content":
            return _quoted(block, said.get("content"))
    elif kind == "search_result":
        return _quoted(block, block.get("content"))
    elif kind == "tool_reference" and string(block.get("tool_name")):
        words = Text(f"The tool {block['tool_name']} is available.", NOTHING)
        return Quoted(None, (words,), Extras(ANTHROPIC, block))
    return Unknown(ANTHROPIC, block)


def _quoted(block: Mapping[str, Any], content: object) -> Quoted:
    parts: tuple[Part, ...] = tuple([_read_said(inner) for inner in _plain_blocks(content)])
    if isinstance(content, str):
        parts = (Text(content, NOTHING),)
    title = string(block.get("title")) or string(block.get("source")) or None
    return Quoted(title, parts, Extras(ANTHROPIC, block))


def _plain_blocks(content: object) -> list[dict[str, Any]]:
    """The blocks of a quotation, in which nothing is quoted again."""
    return [block for block in objects(content) if string(block.get("type")) in {"text", "image"}]


def _source(source: Mapping[str, Any], kind: str) -> Source | None:
    match source.get("type"):
        case "base64":
            return Data(str(source.get("media_type")), str(source.get("data")))
        case "url" if isinstance(source.get("url"), str):
            return Url(source["url"])
        case "file" if isinstance(source.get("file_id"), str):
            return Stored(source["file_id"])
        case "text" if kind == "document":
            return PlainText(string(source.get("data")))
    return None


def extras_of(said: Mapping[str, Any], known: frozenset[str]) -> Extras:
    """What was said beyond the known fields."""
    return NOTHING if known.issuperset(said) else Extras(ANTHROPIC, rest(said, known))
