"""A history in Anthropic's form, fitted to who is to read it."""

from collections import Counter
from collections.abc import Mapping
from operator import is_
from typing import Any

from tierwatch.wire.chat import ANTHROPIC
from tierwatch.wire.history.bound import OF_ANY_ANTHROPIC, THINKING, forget_zeros, is_bound
from tierwatch.wire.history.call_ids import with_anthropic_ids
from tierwatch.wire.history.carried import is_ours, is_signed, parted_id
from tierwatch.wire.history.reader import NOTHING, Fitted, Messages, Reader
from tierwatch.wire.history.turns import joined_turns, without_orphaned_thinking
from tierwatch.wire.json_values import objects, string


def messages_of(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The conversation as messages: here it is made of them."""
    return objects(request.get("messages"))


def fitted_history(request: Mapping[str, Any], *, to: str, reader: Reader) -> Fitted:
    """The request as its reader can take it, still in Anthropic's form.

    Args:
        request: what the caller sent.
        to: the wire of the provider that will be called.
        reader: who that is, and what is known of the messages' issuers.
    """
    given = objects(request.get("messages"))
    if "assistant" not in [message.get("role") for message in given]:
        return Fitted(request, NOTHING)  # most requests: nobody has written anything yet
    changes: Counter[str] = Counter()
    plain = [_without_blank(one, changes) for one in given] if to == ANTHROPIC else given
    told = _without_signatures(plain, to, reader, changes)
    fitted = [
        _fitted_turn(message, index, to, reader, changes)
        if message.get("role") == "assistant"
        else message
        for index, message in enumerate(told)
    ]
    messages = [message for message in fitted if message is not None]
    out = dict(request)
    safe = with_anthropic_ids(messages, changes) if to == ANTHROPIC else messages
    out["messages"] = joined_turns(safe) if len(messages) < len(given) else safe
    changes["thinking_off"] += to == ANTHROPIC and without_orphaned_thinking(out)
    forget_zeros(changes)
    same = not changes and len(messages) == len(given) and all(map(is_, messages, given))
    return Fitted(request if same else out, changes)


def _without_signatures(
    messages: Messages, to: str, reader: Reader, changes: Counter[str]
) -> Messages:
    """Messages whose ids hold no signature but those of calls that their reader wrote."""
    blocks = [block for message in messages for block in objects(message.get("content"))]
    if not any(is_signed(block.get("id")) for block in blocks):
        return messages
    own = to != ANTHROPIC
    return [
        message if own and reader.wrote(index) else _parted(message, changes)
        for index, message in enumerate(messages)
    ]


def _parted(message: Mapping[str, Any], changes: Counter[str]) -> Mapping[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    blocks = []
    for block in content:
        name = next(
            (key for key in ("id", "tool_use_id") if isinstance(block, Mapping)
             and is_signed(block.get(key))), None,
        )  # fmt: skip
        if name is None:
            blocks.append(block)
            continue
        changes["signature"] += name == "id"
        blocks.append({**block, name: parted_id(block[name])[0]})
    return {**message, "content": blocks}


def _without_blank(message: Mapping[str, Any], changes: Counter[str]) -> Mapping[str, Any]:
    """The turn without blank text, which other models write beside calls and Anthropic refuses."""
    content = message.get("content")
    if message.get("role") != "assistant" or not isinstance(content, list):
        return message
    if not any(map(_is_blank, content)):
        return message
    changes["blank_text"] += 1
    return {**message, "content": [block for block in content if not _is_blank(block)]}


def _is_blank(block: object) -> bool:
    if not isinstance(block, Mapping) or block.get("type") != "text":
        return False
    text = block.get("text")
    return isinstance(text, str) and (not text or text.isspace())


def _fitted_turn(
    message: Mapping[str, Any], index: int, to: str, reader: Reader, changes: Counter[str]
) -> Mapping[str, Any] | None:
    """An assistant turn of Anthropic's; None when nothing of it is left."""
    content = message.get("content")
    if not isinstance(content, list) or not is_bound(message):
        return None if content == [] else message
    own_words = to == ANTHROPIC and reader.wrote(index)
    own_house = to == ANTHROPIC and reader.houses(index)
    kept: list[Any] = []
    for block in content:
        if not isinstance(block, Mapping):
            kept.append(block)
            continue
        kind = string(block.get("type"))
        if kind in THINKING:
            carried = is_ours(block)
            if (own_words and not carried) or (carried and to != ANTHROPIC and reader.wrote(index)):
                kept.append(block)
            else:
                changes[kind] += 1
        elif kind in OF_ANY_ANTHROPIC:
            foreign = bool(block.get("citations")) and not own_house
            changes["citations"] += foreign
            plain = {key: value for key, value in block.items() if key != "citations"}
            kept.append(plain if foreign else block)
        elif own_house:
            kept.append(block)
        elif kind == "compaction" and isinstance(block.get("content"), str):
            changes["compaction"] += 1  # a summary of what the caller no longer sends: in words
            kept.append({"type": "text", "text": block["content"]})
        else:
            changes["server_tool"] += 1
    forget_zeros(changes)
    if len(kept) == len(content) and all(map(is_, kept, content)):
        return message
    return {**message, "content": kept} if kept else None
