"""A history of items, fitted to who is to read it, and as messages."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tierwatch.wire.chat import RESPONSES
from tierwatch.wire.history.bound import forget_zeros
from tierwatch.wire.history.reader import Fitted, Reader
from tierwatch.wire.json_values import json_text, objects, rest, string
from tierwatch.wire.openai_responses.read_parts import (
    CALLS,
    OUTPUTS,
    PROVIDER_RUN,
    is_assistants,
    is_message,
    items_of,
)
from tierwatch.wire.openai_responses.tools import flat_name

_ID = frozenset({"id"})


def messages_of(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The conversation as messages: one for each turn, however many items it is made of.

    In the form in which a history's marks are read (`history.marks`): words as text parts, calls as
    ``tool_calls``, and ``reasoning_items`` where a turn holds what its issuer alone takes back.
    """
    return [
        _assistants(turn) if is_assistants(turn[0]) else _others(turn[0])
        for turn in _turns(items_of(request.get("input")))
    ]


def _turns(items: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Items by turn: those of an assistant that follow one another are one."""
    turns: list[list[Mapping[str, Any]]] = []
    before = False
    for item in items:
        own = is_assistants(item)
        if own and before:
            turns[-1].append(item)
        else:
            turns.append([item])
        before = own
    return turns


def _assistants(turn: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    content: list[Any] = []
    calls, bound = [], []
    for item in turn:
        if string(item.get("type")) in CALLS:
            name = flat_name(string(item.get("name")), string(item.get("namespace")))
            calls.append({"id": string(item.get("call_id")), "function": {"name": name}})
        elif is_message(item):
            content += _texts(item.get("content"))
        else:
            bound.append(item)
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = calls
    if bound:
        message["reasoning_items"] = bound
    return message


def _others(item: Mapping[str, Any]) -> Mapping[str, Any]:
    if string(item.get("type")) in OUTPUTS:
        output = item.get("output")
        content = output if isinstance(output, str | list) else json_text(output)
        return {"role": "tool", "content": _texts(content), "tool_call_id": item.get("call_id")}
    role = string(item.get("role")) if is_message(item) else "user"
    return {"role": role, "content": _texts(item.get("content"))}


def _texts(content: object) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [{"type": "text", "text": string(part.get("text"))} for part in objects(content)]


def fitted_history(request: Mapping[str, Any], *, to: str, reader: Reader) -> Fitted:
    """The request as its reader can take it, still made of items.

    Thoughts go back to the model that had them, and what a provider's own tools did to that
    provider. The ids of a turn from which something was taken are taken with it: its provider would
    look for the rest. Other wires leave all of this out by themselves.

    Args:
        request: what the caller sent.
        to: the wire of the provider that will be called.
        reader: who that is, and what is known of the messages' issuers.
    """
    changes: Counter[str] = Counter()
    given = request.get("input")
    if to != RESPONSES or not isinstance(given, list):
        return Fitted(request, changes)
    items: list[Mapping[str, Any]] = []
    for index, turn in enumerate(_turns(objects(given))):
        items += _fitted_turn(turn, index, reader, changes) if is_assistants(turn[0]) else turn
    forget_zeros(changes)
    return Fitted({**request, "input": items} if changes else request, changes)


def _fitted_turn(
    turn: Sequence[Mapping[str, Any]], index: int, reader: Reader, changes: Counter[str]
) -> Sequence[Mapping[str, Any]]:
    own_words, own_house = reader.wrote(index), reader.houses(index)
    kept: list[Mapping[str, Any]] = []
    for item in turn:
        kind = string(item.get("type"))
        if kind == "reasoning" and not own_words:
            changes["reasoning"] += 1
        elif kind in PROVIDER_RUN and not own_house:
            changes["server_tool"] += 1
        else:
            kept.append(item)
    if len(kept) == len(turn):
        return turn
    return [rest(item, _ID) for item in kept]
