"""A short text in place of what cannot be shown, for readers of words: the router, the judge."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.chat import (
    Declined,
    Media,
    Part,
    Quoted,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Unknown,
)
from tierwatch.wire.json_values import string

# Where parts of unknown kinds say what they are called, the best one first.
_NAMES = ("name", "tool_name", "title", "filename", "file_name")
_LONGEST = 100  # a name is a few words; what is longer is content


def part_mark(part: Part) -> str:
    """The kind of a part and, where it has one, its name, in brackets.

    >>> from tierwatch.wire.chat import Unknown
    >>> part_mark(Unknown("anthropic", {"type": "tool_reference", "tool_name": "jira"}))
    '[tool_reference jira]'
    >>> part_mark(Unknown("openai", {"type": "hologram"})), part_mark(Unknown("openai", {}))
    ('[hologram]', '[part]')
    """
    match part:
        case Text() | Declined() | Reasoning():
            return part.text
        case Media():
            return _marked(part.kind, part.name)
        case ToolCall():
            return _marked("tool_call", part.name)
        case ToolResult():
            return _marked("tool_result", "")
        case Quoted():
            return _marked("quotation", part.title)
        case Unknown():
            return _marked(part.kind or "part", _name(part.said))


def _marked(kind: str, name: object) -> str:
    words = f"{kind[:_LONGEST]} {string(name)[:_LONGEST]}"
    return f"[{' '.join(words.split())}]"


def _name(said: Mapping[str, Any]) -> str:
    return next((name for key in _NAMES if (name := string(said.get(key)))), "")
