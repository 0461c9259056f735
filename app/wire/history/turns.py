"""The order of turns that Anthropic demands, and thinking that must stand at their beginning."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.history.bound import THINKING
from tierwatch.wire.history.reader import Messages
from tierwatch.wire.json_values import objects, string


def joined_turns(messages: Messages) -> list[dict[str, Any]]:
    """Messages in Anthropic's form whose roles alternate; results of tools stand first.

    >>> joined_turns([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}])
    [{'role': 'user', 'content': [{'type': 'text', 'text': 'a'}, {'type': 'text', 'text': 'b'}]}]
    """
    out: list[dict[str, Any]] = []
    for message in messages:
        if not out or out[-1].get("role") != message.get("role"):
            out.append(dict(message))
            continue
        blocks = [*blocks_of(out[-1].get("content")), *blocks_of(message.get("content"))]
        if message.get("role") == "user":
            blocks.sort(key=lambda block: block.get("type") != "tool_result")
        out[-1]["content"] = blocks
    return out


def without_orphaned_thinking(request: dict[str, Any]) -> bool:
    """Turn thinking off where the turn to go on with has none; say whether that was done.

    With ``thinking`` of type ``enabled``, Anthropic refuses a tool exchange that does not begin
    with a thinking block. When another model began it there is none that this one could read.

    Args:
        request: the body of ``POST /v1/messages``; changed in place.
    """
    if not thinks(request):
        return False
    turns = objects(request.get("messages"))
    asked = next((turn for turn in reversed(turns) if turn.get("role") == "assistant"), None)
    results = [block.get("type") for block in objects(turns[-1].get("content"))] if turns else []
    if asked is None or "tool_result" not in results:
        return False
    blocks = objects(asked.get("content"))
    if not blocks or string(blocks[0].get("type")) in THINKING:
        return False
    del request["thinking"]
    return True


def thinks(request: Mapping[str, Any]) -> bool:
    """Whether the request wants thinking of the older kind, that must begin a tool exchange."""
    thinking = request.get("thinking")
    return isinstance(thinking, Mapping) and thinking.get("type") == "enabled"


def blocks_of(content: object) -> list[dict[str, Any]]:
    """Content as a list of blocks, whether it was one or a string."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return objects(content)
