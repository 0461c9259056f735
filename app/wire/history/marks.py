"""What an answer is known again by when it comes back in a history, on whichever wire."""

import hashlib
from collections.abc import Mapping
from typing import Any

from tierwatch.wire.history.carried import parted_id
from tierwatch.wire.history.turns import blocks_of
from tierwatch.wire.json_values import objects, string

# What a reply that holds reasoning says somewhere, on either wire.
_REASONING_MARKS = (b'thinking"', b'"reasoning', b"thought_signature")
LONGEST_REASONING_MARK = max(map(len, _REASONING_MARKS))


def mentions_reasoning(raw: bytes) -> bool:
    """Whether a reply, or a piece of a stream, seems to hold reasoning. May err to yes."""
    thinking, reasoning, signature = _REASONING_MARKS  # no loop: asked of every reply
    return thinking in raw or reasoning in raw or signature in raw


def message_mark(message: Mapping[str, Any]) -> str | None:
    """What an assistant message is known again by, on either wire; None for an empty one.

    The id and name of its first tool call, else its text without white space: clients send both
    back as they were.

    >>> call = {"id": "call_1", "function": {"name": "weather", "arguments": "{}"}}
    >>> block = {"type": "tool_use", "id": "call_1", "name": "weather", "input": {}}
    >>> message_mark({"tool_calls": [call]}) == message_mark({"content": [block]})
    True
    """
    content = message.get("content")
    parts = objects(content)
    for call in objects(message.get("tool_calls")):
        function = call.get("function")
        name = function.get("name") if isinstance(function, Mapping) else None
        return _call_mark(call.get("id"), name)
    for part in parts:
        if part.get("type") == "tool_use":
            return _call_mark(part.get("id"), part.get("name"))
    texts = [content] if isinstance(content, str) else [part.get("text") for part in parts]
    said = "".join("".join(text.split()) for text in texts if isinstance(text, str))
    if not said:
        return None
    digest = hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16)
    return f"text:{digest.hexdigest()}"


def heard(message: Mapping[str, Any]) -> str:
    """The text of what an answer answers, results of tools included, on either wire.

    Some servers name every answer's calls alike; with what came before it an answer is known again.

    >>> heard({"role": "user", "content": [{"type": "tool_result", "content": "sunny"}]})
    'sunny'
    """
    parts = blocks_of(message.get("content"))
    inner = [part for part in parts for part in (part, *blocks_of(part.get("content")))]
    return "\0".join(text for part in inner if (text := string(part.get("text"))))


def _call_mark(call_id: object, name: object) -> str | None:
    if not isinstance(call_id, str) or not call_id:
        return None
    return f"call:{parted_id(call_id)[0]}:{name}"
