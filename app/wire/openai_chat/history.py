"""A history in OpenAI's form, fitted to who is to read it."""

from collections import Counter
from collections.abc import Mapping
from operator import is_
from typing import Any

from tierwatch.routing.stickiness import in_tool_exchange
from tierwatch.wire.chat import ANTHROPIC
from tierwatch.wire.history.bound import (
    BOUND_FIELDS,
    REASONING_FIELDS,
    SIGNED_EXTRAS,
    forget_zeros,
    is_bound,
)
from tierwatch.wire.history.call_ids import with_safe_ids, with_short_ids
from tierwatch.wire.history.reader import NOTHING, Fitted, Reader
from tierwatch.wire.history.turns import thinks
from tierwatch.wire.json_values import objects, string

_REASONING_PARTS = frozenset({"thinking", "redacted_thinking", "reasoning"})


def messages_of(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The conversation as messages: here it is made of them."""
    return objects(request.get("messages"))


def fitted_history(request: Mapping[str, Any], *, to: str, reader: Reader) -> Fitted:
    """The request as its reader can take it, still in OpenAI's form.

    Args:
        request: what the caller sent.
        to: the wire of the provider that will be called.
        reader: who that is, and what is known of the messages' issuers.
    """
    given = objects(request.get("messages"))
    answered = "assistant" in [message.get("role") for message in given]
    if to != ANTHROPIC and not answered and not reader.mixed:
        return Fitted(request, NOTHING)  # most requests: nobody has written anything yet
    changes: Counter[str] = Counter()
    fitted = [
        _fitted_message(message, index, to, reader, changes)
        if message.get("role") == "assistant"
        else message
        for index, message in enumerate(given)
    ]
    messages = [message for message in fitted if message is not None]
    out = dict(request)
    if to == ANTHROPIC:
        out["messages"] = with_safe_ids(messages, changes)
        # OpenAI's form has no thinking blocks, so no tool exchange can begin with one.
        if thinks(out) and in_tool_exchange(messages):
            del out["thinking"]
            changes["thinking_off"] += 1
    else:
        out["messages"] = with_short_ids(messages, changes)
        if reader.mixed:
            _without_cache_marks(out, changes)
    forget_zeros(changes)
    same = not changes and len(messages) == len(given) and all(map(is_, messages, given))
    return Fitted(request if same else out, changes)


def _fitted_message(
    message: Mapping[str, Any], index: int, to: str, reader: Reader, changes: Counter[str]
) -> Mapping[str, Any] | None:
    """An assistant message of OpenAI's; None when nothing of it is left."""
    if not is_bound(message):
        return message if reader.trusts_unknown else _without_empty(message)
    out = dict(message)
    if to == ANTHROPIC or not reader.wrote(index):
        _strip_reasoning(out, changes)
    if to == ANTHROPIC or not reader.houses(index):
        _strip_stored(out, changes)
    if out == message:
        return message
    out = dict(_without_empty(out))
    empty = not out.get("content") and not out.get("tool_calls") and not out.get("function_call")
    return None if empty else out


def _without_empty(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message without fields that hold nothing: servers that do not know them refuse them."""
    empty = {name for name in message.keys() & BOUND_FIELDS if not message[name]}
    if not empty:
        return message
    return {name: value for name, value in message.items() if name not in empty}


def _strip_reasoning(out: dict[str, Any], changes: Counter[str]) -> None:
    changes["reasoning"] += _popped(out, REASONING_FIELDS)
    changes["signature"] += _popped(out, SIGNED_EXTRAS)
    if "tool_calls" in out:
        calls = []
        for call in objects(out["tool_calls"]):
            plain = dict(call)
            changes["signature"] += _popped(plain, SIGNED_EXTRAS)
            calls.append(plain)
        out["tool_calls"] = calls
    if isinstance(out.get("content"), list):
        kept = [
            part
            for part in out["content"]
            if not (isinstance(part, Mapping) and string(part.get("type")) in _REASONING_PARTS)
        ]
        changes["thinking"] += len(out["content"]) - len(kept)
        out["content"] = kept
    forget_zeros(changes)


def _strip_stored(out: dict[str, Any], changes: Counter[str]) -> None:
    """What stands for something the provider keeps, or only its own schema knows."""
    changes["annotations"] += _popped(out, {"annotations"})
    audio = out.pop("audio", None)
    if isinstance(audio, Mapping):
        changes["audio"] += 1
        _say(out, audio.get("transcript"))
    refusal = out.pop("refusal", None)
    if isinstance(refusal, str) and refusal:
        changes["refusal"] += 1
        _say(out, refusal)
    forget_zeros(changes)


def _say(out: dict[str, Any], text: object) -> None:
    """Add words to a message, unless it says them already."""
    if not isinstance(text, str) or not text:
        return
    content = out.get("content")
    if isinstance(content, list):
        out["content"] = [*content, {"type": "text", "text": text}]
    elif not content:
        out["content"] = text
    elif text not in content:
        out["content"] = f"{content}\n\n{text}"


def _popped(value: dict[str, Any], names: frozenset[str] | set[str]) -> int:
    """Take these keys out, and say how many of them held something."""
    return sum(value.pop(name) not in (None, "", [], {}) for name in names & value.keys())


def _without_cache_marks(out: dict[str, Any], changes: Counter[str]) -> None:
    """Take out marks that another provider's prompt cache reads and OpenAI's schema refuses."""
    for key in ("messages", "tools"):
        items = out.get(key)
        if isinstance(items, list):
            out[key] = [_unmarked(item, changes) for item in items]
    if out.pop("cache_control", None) is not None:
        changes["cache_control"] += 1


def _unmarked(item: Any, changes: Counter[str]) -> Any:
    if not isinstance(item, Mapping):
        return item
    plain = item
    if "cache_control" in item:
        plain = {key: value for key, value in item.items() if key != "cache_control"}
        changes["cache_control"] += 1
    content = plain.get("content")
    if isinstance(content, list) and any("cache_control" in part for part in objects(content)):
        plain = {**plain, "content": [_unmarked(part, changes) for part in content]}
    return plain
