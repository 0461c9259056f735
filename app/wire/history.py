"""A conversation's history, made readable for the model that is to go on with it. Pure.

What one model wrote may hold things that only it, or only its provider, takes back: signed
thinking, encrypted reasoning, results of tools the provider ran, ids of stored audio. The same
model on the same provider gets its own unchanged, as Anthropic demands in a tool exchange. Another
one gets them stripped, or said in words where there are words. Text, tool calls and their results
always stay. Everything that is taken out is counted by kind.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import is_
from typing import Any

from tierwatch.routing.stickiness import in_tool_exchange

Messages = Sequence[Mapping[str, Any]]

# What a reply that holds reasoning says somewhere, on either wire.
_REASONING_MARKS = (b'thinking"', b'"reasoning', b"thought_signature")

_THINKING = frozenset({"thinking", "redacted_thinking"})
_REASONING_FIELDS = frozenset(
    {
        "reasoning",
        "reasoning_content",
        "reasoning_details",
        "reasoning_items",
        "thinking_blocks",
        "encrypted_content",
    }
)
# On the message as a whole and on each tool call: Gemini's signatures among others.
_EXTRAS = frozenset({"extra_content", "provider_specific_fields", "thought_signature"})
_REASONING_PARTS = frozenset({"thinking", "redacted_thinking", "reasoning"})
_OF_ANY_ANTHROPIC = frozenset({"text", "tool_use", "image", "document", "search_result"})
# Bedrock and Vertex, like the vendor, refuse other characters.
_ANTHROPIC_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LONGEST_OPENAI_ID = 40


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who wrote an assistant message."""

    provider: str
    model: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is to read a history.

    Attributes:
        provider: that will be called.
        model: that will answer.
        issuer_of: who wrote the assistant message at an index; None where nobody knows.
        trusts_unknown: whether what nobody knows is taken for the reader's own.
        mixed: whether callers may have marked prompts for the other wire's cache.
    """

    provider: str
    model: str
    issuer_of: Callable[[int], Issuer | None] = lambda _: None
    trusts_unknown: bool = False
    mixed: bool = False

    def wrote(self, index: int) -> bool:
        """Whether this model on this provider wrote the message."""
        issuer = self.issuer_of(index)
        return self.trusts_unknown if issuer is None else issuer == self._self

    def houses(self, index: int) -> bool:
        """Whether this provider served the message, by whatever model."""
        issuer = self.issuer_of(index)
        return self.trusts_unknown if issuer is None else issuer.provider == self.provider

    @property
    def _self(self) -> Issuer:
        return Issuer(self.provider, self.model)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A request whose history its reader can take, and what was taken out, by kind."""

    request: Mapping[str, Any]
    changes: Mapping[str, int]


def mentions_reasoning(raw: bytes) -> bool:
    """Whether a reply, or a piece of a stream, seems to hold reasoning. May err to yes."""
    return any(mark in raw for mark in _REASONING_MARKS)


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
    parts = _objects(content)
    for call in _objects(message.get("tool_calls")):
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
    parts = _blocks(message.get("content"))
    inner = [part for part in parts for part in (part, *_blocks(part.get("content")))]
    return "\0".join(text for part in inner if (text := _text(part.get("text"))))


def _call_mark(call_id: object, name: object) -> str | None:
    return f"call:{call_id}:{name}" if isinstance(call_id, str) and call_id else None


def bound_messages(messages: Messages) -> list[int]:
    """Indices of the assistant messages that hold something their issuer alone can read.

    Messages may be of either wire.
    """
    return [
        index
        for index, message in enumerate(messages)
        if message.get("role") == "assistant" and _is_bound(message)
    ]


def _is_bound(message: Mapping[str, Any]) -> bool:
    # Vendors' own clients send many of these back empty.
    if any(message[name] for name in message.keys() & _BOUND_FIELDS):
        return True
    if any(call.keys() & _EXTRAS for call in _objects(message.get("tool_calls"))):
        return True
    return any(
        _text(part.get("type")) not in _FREE_PARTS or part.get("citations")
        for part in _objects(message.get("content"))
    )


_BOUND_FIELDS = _REASONING_FIELDS | _EXTRAS | {"audio", "annotations", "refusal"}
_FREE_PARTS = _OF_ANY_ANTHROPIC | {"image_url"}


def fitted_request(request: Mapping[str, Any], *, wire: str, to: str, reader: Reader) -> Fitted:
    """The request as its reader can take it, still on the wire it came on.

    Args:
        request: what the caller sent.
        wire: the caller's wire, ``openai | anthropic``.
        to: the wire of the provider that will be called.
        reader: who that is, and what is known of the messages' issuers.
    """
    changes: Counter[str] = Counter()
    given = _objects(request.get("messages"))
    messages: list[Mapping[str, Any]] = []
    dropped = False
    for index, message in enumerate(given):
        if message.get("role") != "assistant":
            fitted: Mapping[str, Any] | None = message
        elif wire == "anthropic":
            fitted = _fitted_blocks(message, index, to, reader, changes)
        else:
            fitted = _fitted_message(message, index, to, reader, changes)
        if fitted is None:
            dropped = True
        else:
            messages.append(fitted)
    out = dict(request)
    if wire == "anthropic":
        safe = with_anthropic_ids(messages, changes) if to == wire else messages
        out["messages"] = joined_turns(safe) if dropped else safe
        changes["thinking_off"] += to == wire and without_orphaned_thinking(out)
    elif to == "anthropic":
        out["messages"] = with_safe_ids(messages, changes)
        # OpenAI's form has no thinking blocks, so no tool exchange can begin with one.
        if _thinks(out) and in_tool_exchange(messages):
            del out["thinking"]
            changes["thinking_off"] += 1
    else:
        out["messages"] = with_short_ids(messages, changes)
        if reader.mixed:
            _without_cache_marks(out, changes)
    _forget_zeros(changes)
    same = not changes and all(map(is_, messages, given))
    return Fitted(request if same else out, changes)


def _fitted_blocks(
    message: Mapping[str, Any], index: int, to: str, reader: Reader, changes: Counter[str]
) -> Mapping[str, Any] | None:
    """An assistant turn of Anthropic's; None when nothing of it is left."""
    content = message.get("content")
    if not isinstance(content, list) or not _is_bound(message):
        return message
    own_words = to == "anthropic" and reader.wrote(index)
    own_house = to == "anthropic" and reader.houses(index)
    kept: list[Any] = []
    for block in content:
        if not isinstance(block, Mapping):
            kept.append(block)
            continue
        kind = _text(block.get("type"))
        if kind in _THINKING:
            if own_words:
                kept.append(block)
            else:
                changes[kind] += 1
        elif kind in _OF_ANY_ANTHROPIC:
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
    _forget_zeros(changes)
    if len(kept) == len(content) and all(map(is_, kept, content)):
        return message
    return {**message, "content": kept} if kept else None


def _fitted_message(
    message: Mapping[str, Any], index: int, to: str, reader: Reader, changes: Counter[str]
) -> Mapping[str, Any] | None:
    """An assistant message of OpenAI's; None when nothing of it is left."""
    if not _is_bound(message):
        return message if reader.trusts_unknown else _without_empty(message)
    out = dict(message)
    if to == "anthropic" or not reader.wrote(index):
        _strip_reasoning(out, changes)
    if to == "anthropic" or not reader.houses(index):
        _strip_stored(out, changes)
    if out == message:
        return message
    out = dict(_without_empty(out))
    empty = not out.get("content") and not out.get("tool_calls") and not out.get("function_call")
    return None if empty else out


def _without_empty(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message without fields that hold nothing: servers that do not know them refuse them."""
    empty = {name for name in message.keys() & _BOUND_FIELDS if not message[name]}
    if not empty:
        return message
    return {name: value for name, value in message.items() if name not in empty}


def _strip_reasoning(out: dict[str, Any], changes: Counter[str]) -> None:
    changes["reasoning"] += _popped(out, _REASONING_FIELDS)
    changes["signature"] += _popped(out, _EXTRAS)
    if "tool_calls" in out:
        calls = []
        for call in _objects(out["tool_calls"]):
            plain = dict(call)
            changes["signature"] += _popped(plain, _EXTRAS)
            calls.append(plain)
        out["tool_calls"] = calls
    if isinstance(out.get("content"), list):
        kept = [
            part
            for part in out["content"]
            if not (isinstance(part, Mapping) and _text(part.get("type")) in _REASONING_PARTS)
        ]
        changes["thinking"] += len(out["content"]) - len(kept)
        out["content"] = kept
    _forget_zeros(changes)


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
    _forget_zeros(changes)


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


def _forget_zeros(changes: Counter[str]) -> None:
    for kind in [kind for kind, count in changes.items() if not count]:
        del changes[kind]


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
    if isinstance(content, list) and any("cache_control" in part for part in _objects(content)):
        plain = {**plain, "content": [_unmarked(part, changes) for part in content]}
    return plain


class _Ids:
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
    return _renamed_calls(messages, _Ids(_is_plain, _counter(changes)))


def with_short_ids(messages: Messages, changes: Counter[str] | None = None) -> Messages:
    """Messages in OpenAI's form whose ids of tool calls OpenAI takes: 40 characters at most."""
    found = [call.get("id") for message in messages for call in _calls(message)]
    if all(len(_text(call_id)) <= _LONGEST_OPENAI_ID for call_id in found):
        return messages
    return _renamed_calls(messages, _Ids(_is_short, _counter(changes)))


def _is_plain(call_id: str) -> bool:
    return _ANTHROPIC_ID.fullmatch(call_id) is not None


def _is_short(call_id: str) -> bool:
    return 0 < len(call_id) <= _LONGEST_OPENAI_ID


def _all_plain(found: Sequence[object]) -> bool:
    ids = [call_id for call_id in found if isinstance(call_id, str) and _is_plain(call_id)]
    return len(ids) == len(found) == len(set(ids))


def _calls(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _objects(message.get("tool_calls")) if message.get("role") == "assistant" else []


def _renamed_calls(messages: Messages, ids: _Ids) -> Messages:
    out: list[Mapping[str, Any]] = []
    for message in messages:
        role, calls = message.get("role"), _calls(message)
        if role == "assistant":
            ids.turn()
        if calls:
            named = [{**call, "id": ids.called(_text(call.get("id")))} for call in calls]
            out.append({**message, "tool_calls": named})
        elif role == "tool":
            answered = ids.answered(_text(message.get("tool_call_id")))
            out.append({**message, "tool_call_id": answered})
        else:
            out.append(message)
    return out


def with_anthropic_ids(messages: Messages, changes: Counter[str] | None = None) -> Messages:
    """Messages in Anthropic's form whose ids of tool uses Anthropic takes."""
    blocks = (block for message in messages for block in _objects(message.get("content")))
    if _all_plain([block.get("id") for block in blocks if block.get("type") == "tool_use"]):
        return messages
    ids = _Ids(_is_plain, _counter(changes))
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


def _renamed_block(block: Any, ids: _Ids) -> Any:
    kind = block.get("type") if isinstance(block, Mapping) else None
    if kind == "tool_use":
        return {**block, "id": ids.called(_text(block.get("id")))}
    if kind == "tool_result":
        return {**block, "tool_use_id": ids.answered(_text(block.get("tool_use_id")))}
    return block


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
        blocks = [*_blocks(out[-1].get("content")), *_blocks(message.get("content"))]
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
    if not _thinks(request):
        return False
    turns = _objects(request.get("messages"))
    asked = next((turn for turn in reversed(turns) if turn.get("role") == "assistant"), None)
    results = [block.get("type") for block in _objects(turns[-1].get("content"))] if turns else []
    if asked is None or "tool_result" not in results:
        return False
    blocks = _objects(asked.get("content"))
    if not blocks or _text(blocks[0].get("type")) in _THINKING:
        return False
    del request["thinking"]
    return True


def _thinks(request: Mapping[str, Any]) -> bool:
    thinking = request.get("thinking")
    return isinstance(thinking, Mapping) and thinking.get("type") == "enabled"


def _blocks(content: object) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return _objects(content)


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _counter(changes: Counter[str] | None) -> Counter[str]:
    return Counter() if changes is None else changes
