"""Conversations and answers as text for a page: cut where too long, with the way to the whole."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tierwatch.loop.capture.redaction.media import mark_in

# A screenful or two a side; the whole is one click away.
SHOWN = 6_000
# Older turns of long conversations are in the full text.
LAST_MESSAGES: Final = 12
# A line of a table on a wide screen, two on a phone.
_LINE: Final = 160


@dataclass(frozen=True, slots=True)
class Passage:
    """A text on a page.

    Attributes:
        role: who speaks, as the request says.
        text: the first ``SHOWN`` characters.
        chars: how many there are.
    """

    role: str
    text: str
    chars: int

    @property
    def cut(self) -> bool:
        """Whether there is more than is shown."""
        return self.chars > len(self.text)


def passage(message: Mapping[str, Any]) -> Passage:
    """One message, ready to show."""
    whole = message_text(message)
    return Passage(role=str(message.get("role") or "?"), text=whole[:SHOWN], chars=len(whole))


def conversation(request: Mapping[str, Any]) -> tuple[tuple[Passage, ...], int]:
    """The newest messages of a request, and how many older ones are left out."""
    messages = _messages(request)
    older = max(0, len(messages) - LAST_MESSAGES)
    return tuple(passage(message) for message in messages[older:]), older


def conversation_text(request: Mapping[str, Any]) -> str:
    """Every message of a request, whole, under its role."""
    return "\n\n".join(
        f"[{message.get('role', '?')}]\n{message_text(message)}" for message in _messages(request)
    )


def beginning(text: str, most: int = _LINE) -> str:
    r"""The text on one line, cut where it is long.

    >>> beginning("two\n lines"), len(beginning("x" * 1_000))
    ('two lines', 160)
    """
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def message_text(message: Mapping[str, Any]) -> str:
    r"""What a message says: its text, a mark for what is no text, and its tool calls.

    The mark of a medium that is kept is the one that the page shows beside it.

    >>> message_text({"content": [{"type": "text", "text": "Look:"}, {"type": "image_url"}]})
    'Look:\n[image_url]'
    >>> message_text({"tool_calls": [{"function": {"name": "weather", "arguments": "{}"}}]})
    '[tool call] weather {}'
    """
    said = [_content(message.get("content"))]
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        said.append(f"[refusal] {refusal}")
    calls = message.get("tool_calls")
    said += [_call(call) for call in calls] if isinstance(calls, list) else []
    return "\n".join(part for part in said if part)


def _messages(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = request.get("messages")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _content(content: object) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        return "\n".join(_part(part) for part in content)
    return json.dumps(content, ensure_ascii=False)


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict):
        text = part.get("text")
        if isinstance(text, str):
            return text
        return mark_in(json.dumps(part)) or f"[{part.get('type') or 'part'}]"
    return json.dumps(part, ensure_ascii=False)


def _call(call: object) -> str:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return f"[tool call] {json.dumps(call, ensure_ascii=False)}"
    arguments = function.get("arguments")
    given = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return f"[tool call] {function.get('name') or '?'} {given}"
