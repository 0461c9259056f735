"""Ids of tool calls that the reader of a history takes, each result still beside its call."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tierwatch.wire.history.reader import Messages
from tierwatch.wire.json_values import objects, string

# Bedrock and Vertex, like the vendor, refuse other characters.
_ANTHROPIC_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LONGEST_OPENAI_ID = 40


class _CallIds:
    """Gives tool calls ids their reader takes: the same ones for the same history, each time."""

    def __init__(self, accepted: Callable[[str], bool], changes: Counter[str]) -> None:
        self._accepted = accepted
        self._changes = changes
        self._given: set[str] = set()
        self._open: dict[str, list[str]] = {}

    def turn(self) -> None:
        """An assistant's turn begins: results belong to its calls from here on."""
        self._open = {}

    def called(self, call_id: str) -> str:
        """The id of the next call."""
        new = call_id
        if call_id in self._given or not self._accepted(call_id):
            text = f"{len(self._given)}|{call_id}".encode("utf-8", "surrogatepass")
            new = "call_" + hashlib.blake2b(text, digest_size=12).hexdigest()
            self._changes["tool_id"] += 1
        self._given.add(new)
        self._open.setdefault(call_id, []).append(new)
        return new

    def answered(self, call_id: str) -> str:
        """The id of the call that a result answers; calls under one id are answered in turn."""
        calls = self._open.get(call_id)
        if not calls:
            return call_id
        return calls.pop(0) if len(calls) > 1 else calls[0]


def with_safe_ids(messages: Messages, changes: Counter[str] | None = None) -> Messages:
    """Messages in OpenAI's form whose ids of tool calls Anthropic takes: plain and each once."""
    found = [call.get("id") for message in messages for call in _calls(message)]
    if _all_plain(found):
        return messages
    return _renamed_calls(messages, _CallIds(_is_plain, _counter(changes)))


def with_short_ids(messages: Messages, changes: Counter[str] | None = None) -> Messages:
    """Messages in OpenAI's form whose ids of tool calls OpenAI takes: 40 characters at most."""
    found = [call.get("id") for message in messages for call in _calls(message)]
    if all(len(string(call_id)) <= _LONGEST_OPENAI_ID for call_id in found):
        return messages
    return _renamed_calls(messages, _CallIds(_is_short, _counter(changes)))


def _is_plain(call_id: str) -> bool:
    return _ANTHROPIC_ID.fullmatch(call_id) is not None


def _is_short(call_id: str) -> bool:
    return 0 < len(call_id) <= _LONGEST_OPENAI_ID


def _all_plain(found: Sequence[object]) -> bool:
    ids = [call_id for call_id in found if isinstance(call_id, str) and _is_plain(call_id)]
    return len(ids) == len(found) == len(set(ids))


def _calls(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    return objects(message.get("tool_calls")) if message.get("role") == "assistant" else []


def _renamed_calls(messages: Messages, ids: _CallIds) -> Messages:
    out: list[Mapping[str, Any]] = []
    for message in messages:
        role, calls = message.get("role"), _calls(message)
        if role == "assistant":
            ids.turn()
        if calls:
            named = [{**call, "id": ids.called(string(call.get("id")))} for call in calls]
            out.append({**message, "tool_calls": named})
        elif role == "tool":
            answered = ids.answered(string(message.get("tool_call_id")))
            out.append({**message, "tool_call_id": answered})
        else:
            out.append(message)
    return out


def with_anthropic_ids(messages: Messages, changes: Counter[str] | None = None) -> Messages:
    """Messages in Anthropic's form whose ids of tool uses Anthropic takes."""
    blocks = (block for message in messages for block in objects(message.get("content")))
    if _all_plain([block.get("id") for block in blocks if block.get("type") == "tool_use"]):
        return messages
    ids = _CallIds(_is_plain, _counter(changes))
    out: list[Mapping[str, Any]] = []
    for message in messages:
        if message.get("role") == "assistant":
            ids.turn()
        content = message.get("content")
        if isinstance(content, list):
            out.append({**message, "content": [_renamed_block(block, ids) for block in content]})
        else:
            out.append(message)
    return out


def _renamed_block(block: Any, ids: _CallIds) -> Any:
    kind = block.get("type") if isinstance(block, Mapping) else None
    if kind == "tool_use":
        return {**block, "id": ids.called(string(block.get("id")))}
    if kind == "tool_result":
        return {**block, "tool_use_id": ids.answered(string(block.get("tool_use_id")))}
    return block


def _counter(changes: Counter[str] | None) -> Counter[str]:
    return Counter() if changes is None else changes
