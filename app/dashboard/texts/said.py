"""What a message says, in pieces that a page shows each in its own way."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from markupsafe import Markup

from tierwatch.dashboard.passages import LAST_MESSAGES, SHOWN, message_text
from tierwatch.dashboard.texts.json_tree import json_tree, read_document
from tierwatch.dashboard.texts.markdown import markdown
from tierwatch.dashboard.texts.thoughts import FIELDS, PART_TYPES
from tierwatch.dashboard.texts.tool_calls import ToolCall, tool_calls
from tierwatch.loop.capture.redaction.media import mark_in

# Images are pages of their own to fetch; more of one message are named.
_MOST_PARTS: Final = 100

Kind = Literal[
    "prose", "data", "thought", "call", "result", "refusal", "image", "sound", "file", "gone"
]

_PLAIN: Final = Markup('<pre class="plain" dir="auto">{}</pre>')
_TOOLS: Final = frozenset({"tool", "function"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A medium that is kept: its name within the exchange, and how a page may show it."""

    name: str
    kind: Literal["image", "sound", "file"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a message.

    Attributes:
        kind: ``prose`` is text, ``data`` a document of JSON, ``gone`` a medium that is not kept.
        title: what it is called; empty for prose.
        markup: what is shown of it; safe.
        name: of a medium that is kept, within its exchange.
    """

    kind: Kind
    title: str
    markup: Markup
    name: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A message on a page.

    Attributes:
        role: who speaks, as the request says.
        pieces: what is said, the first `SHOWN` characters of text.
        raw: the same as it is stored, the first `SHOWN` characters.
        chars: how many there are.
    """

    role: str
    pieces: tuple[Piece, ...]
    raw: str
    chars: int

    @property
    def cut(self) -> bool:
        """Whether there is more than is shown."""
        return self.chars > len(self.raw)


def said(
    message: Mapping[str, Any],
    media: Mapping[str, Kept] | None = None,
    tools: Mapping[str, str] | None = None,
) -> Said:
    """One message, ready to show.

    Args:
        message: in OpenAI's form, of any shape: what is no known form is shown as JSON.
        media: those that are kept, by the marks that stand in their places.
        tools: names of the tools that were called, by the calls' ids.
    """
    whole = message_text(message)
    return Said(
        role=str(message.get("role") or "?"),
        pieces=tuple(_Pieces(media or {}, tools or {}).of(message)),
        raw=whole[:SHOWN],
        chars=len(whole),
    )


def said_in(
    request: Mapping[str, Any], media: Mapping[str, Kept] | None = None
) -> tuple[tuple[Said, ...], int]:
    """The newest messages of a request, and how many older ones are left out."""
    listed = request.get("messages")
    messages = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    older = max(0, len(messages) - LAST_MESSAGES)
    names = {call.call_id: call.name for one in messages for call in tool_calls(one)}
    return tuple(said(one, media, names) for one in messages[older:]), older


def kept_piece(mark: str, kept: Kept) -> Piece:
    """A medium that is kept, as a piece of what was said."""
    return Piece(kept.kind, mark, Markup(""), kept.name)


class _Pieces:
    """Takes one message apart; counts the characters that it has shown."""

    def __init__(self, media: Mapping[str, Kept], tools: Mapping[str, str]) -> None:
        self._media, self._tools = media, tools
        self._left = SHOWN

    def of(self, message: Mapping[str, Any]) -> Iterator[Piece]:
        for name in FIELDS:
            if isinstance(message.get(name), str) and message[name]:
                yield self._thought(message[name])
                break
        if str(message.get("role")) in _TOOLS:
            yield from self._result(message)
        else:
            yield from self._content(message.get("content"))
        refusal = message.get("refusal")
        if isinstance(refusal, str) and refusal:
            yield Piece("refusal", "Refusal", self._prose(refusal))
        for call in tool_calls(message):
            yield Piece("call", call.name, self._arguments(call))

    def _content(self, content: object) -> Iterator[Piece]:
        if isinstance(content, str):
            yield from self._text(content)
        elif isinstance(content, list):
            yield from self._parts(content)
        elif content is not None:
            yield Piece("data", "JSON", json_tree(content))

    def _parts(self, parts: Sequence[object]) -> Iterator[Piece]:
        for part in parts[:_MOST_PARTS]:
            if isinstance(part, str):
                yield from self._text(part)
            elif isinstance(part, dict):
                yield from self._part(part)
            else:
                yield Piece("data", "JSON", json_tree(part))
        if len(parts) > _MOST_PARTS:
            yield Piece("gone", f"{len(parts) - _MOST_PARTS:,} more parts", Markup(""))

    def _part(self, part: Mapping[str, Any]) -> Iterator[Piece]:
        kind, text = str(part.get("type") or "part"), part.get("text")
        if kind in PART_TYPES:
            thought = part.get("thinking") or text
            yield self._thought(thought if isinstance(thought, str) else "")
        elif kind == "refusal" and isinstance(part.get("refusal"), str):
            yield Piece("refusal", "Refusal", self._prose(part["refusal"]))
        elif isinstance(text, str):
            yield from self._text(text)
        else:
            yield self._medium(kind, mark_in(json.dumps(part, ensure_ascii=False)))

    def _medium(self, kind: str, mark: str) -> Piece:
        kept = self._media.get(mark)
        if kept is None:
            return Piece("gone", mark or f"[{kind}]", Markup(""))
        return kept_piece(mark, kept)

    def _text(self, text: str) -> Iterator[Piece]:
        if not text:
            return
        document = read_document(text)
        if document is None:
            yield Piece("prose", "", self._prose(text))
        else:
            yield Piece("data", "JSON", json_tree(document))

    def _thought(self, text: str) -> Piece:
        return Piece("thought", "Thinking", self._prose(text))

    def _prose(self, text: str) -> Markup:
        shown = text[: self._left]
        self._left -= len(shown)
        return markdown(shown)

    def _arguments(self, call: ToolCall) -> Markup:
        if isinstance(call.arguments, str):
            return _PLAIN.format(call.arguments[:SHOWN]) if call.arguments else Markup("")
        return json_tree(call.arguments)

    def _result(self, message: Mapping[str, Any]) -> Iterator[Piece]:
        """What a tool gave back: a document, or text as it is, for tools do not write Markdown."""
        named = str(message.get("name") or "")
        name = self._tools.get(str(message.get("tool_call_id") or ""), named)
        title = f"Result of {name}" if name else "Result"
        content = message.get("content")
        if not isinstance(content, str):
            yield from self._content(content)
            return
        document = read_document(content)
        shown = _PLAIN.format(content[:SHOWN]) if document is None else json_tree(document)
        yield Piece("result", title, shown)
