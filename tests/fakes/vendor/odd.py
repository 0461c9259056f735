"""Shapes of answers that servers of somebody have, and that clients nevertheless meet.

Each takes the events of an ordinary stream and gives those of the odd one. ``json-for-stream`` and
``sse-for-whole``, the other shape of answer, are the server's own.
"""

import json
from collections.abc import Callable
from typing import Any

from fakes.vendor.chat_write import event as chat_event

Events = list[bytes]


def _chunks(events: Events) -> list[dict[str, Any]]:
    """The chunks of a stream of chat completions, without its ``[DONE]``."""
    return [json.loads(e.removeprefix(b"data: ")) for e in events if b"[DONE]" not in e]


def finish_empty(events: Events) -> Events:
    """``finish_reason: ""`` for *not yet*."""
    told = _chunks(events)
    for chunk in told:
        for choice in chunk["choices"]:
            choice["finish_reason"] = choice["finish_reason"] or ""
    return [*map(chat_event, told), b"data: [DONE]\n\n"]


def finish_unknown(events: Events) -> Events:
    """A word for the end of calls that nobody else has."""
    told = _chunks(events)
    for chunk in told:
        for choice in chunk["choices"]:
            if choice["finish_reason"] in {"tool_calls", "stop"}:
                choice["finish_reason"] = "eos"
    return [*map(chat_event, told), b"data: [DONE]\n\n"]


def calls_without_index(events: Events) -> Events:
    """Each call whole in one chunk, with neither index nor id."""
    told = _chunks(events)
    pieces: dict[int, dict[str, Any]] = {}
    kept = []
    for chunk in told:
        delta = chunk["choices"][0]["delta"] if chunk["choices"] else {}
        for call in delta.get("tool_calls", ()):
            own = pieces.setdefault(call["index"], {"type": "function", "function": {}})
            for name, text in call["function"].items():
                own["function"][name] = own["function"].get(name, "") + text
        if "tool_calls" not in delta:
            kept.append(chunk)
    opened, *rest = kept
    whole = []
    for call in pieces.values():
        choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}
        whole.append({**opened, "choices": [choice]})
    return [*map(chat_event, [opened, *whole, *rest]), b"data: [DONE]\n\n"]


def usage_in_choice(events: Events) -> Events:
    """The usage inside the last choice."""
    told = _chunks(events)
    counted = told.pop()["usage"] if not told[-1]["choices"] else None
    told[-1]["choices"][0]["usage"] = counted
    return [*map(chat_event, told), b"data: [DONE]\n\n"]


def heartbeats(events: Events) -> Events:
    """A comment before each event."""
    return [b": still there\n\n" + one for one in events]


def done_after_the_end(events: Events) -> Events:
    """``[DONE]`` where the wire has no such word."""
    return [*events, b"data: [DONE]\n\n"]


def no_done(events: Events) -> Events:
    """No ``[DONE]`` at all."""
    return [one for one in events if b"[DONE]" not in one]


def carriage_returns(events: Events) -> Events:
    """Lines that end as on another system."""
    return [one.replace(b"\n", b"\r\n") for one in events]


def unknown_event(events: Events) -> Events:
    """An event of tomorrow in the middle."""
    new = b'event: vendor.news\ndata: {"type": "vendor.news", "novelty": [1, 2]}\n\n'
    return [events[0], new, *events[1:]]


def one_byte_at_a_time(events: Events) -> Events:
    """The same bytes, each of the first 400 alone."""
    joined = b"".join(events)
    return [joined[at : at + 1] for at in range(min(400, len(joined)))] + [joined[400:]]


SHAPES: dict[str, Callable[[Events], Events]] = {
    "finish-empty": finish_empty,
    "finish-unknown": finish_unknown,
    "calls-without-index": calls_without_index,
    "usage-in-choice": usage_in_choice,
    "heartbeats": heartbeats,
    "done-after-the-end": done_after_the_end,
    "no-done": no_done,
    "carriage-returns": carriage_returns,
    "unknown-event": unknown_event,
    "one-byte-at-a-time": one_byte_at_a_time,
}
