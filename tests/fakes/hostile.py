"""Hostile requests and provider replies on all wires, from a seed."""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable
from typing import Any

from fakes.provider import (
    ANTHROPIC_REPLY,
    OPENAI_REPLY,
    RESPONSES_REPLY,
    Received,
    openai_chunks,
)

from tierwatch.wire.wires import WIRES

_PIXEL = "data:image/png;base64,iVBORw0KGgo="
_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
REQUESTS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {
        "model": "auto",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Where is Paris?"},
                    {"type": "image_url", "image_url": {"url": _PIXEL, "detail": "low"}},
                    {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE"}},
                    {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "refusal": None,
                "reasoning_content": "A map.",
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "map", "arguments": "{}"}}
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "48.85 N"},
        ],
        "tools": [
            {
                "type": "function",
                "function": {"name": "map", "description": "A map.", "parameters": _SCHEMA},
            }
        ],
        "tool_choice": {"type": "function", "function": {"name": "map"}},
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "city", "schema": _SCHEMA, "strict": True},
        },
        "max_tokens": 50,
        "temperature": 0.5,
        "stop": ["END"],
        "reasoning_effort": "low",
        "user": "somebody",
    },
    "/v1/messages": {
        "model": "auto",
        "max_tokens": 50,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Where is Paris?"},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
                    },
                    {
                        "type": "document",
                        "title": "Atlas",
                        "source": {"type": "text", "media_type": "text/plain", "data": "48.85 N"},
                    },
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "A map.", "signature": "c2ln"},
                    {"type": "tool_use", "id": "c1", "name": "map", "input": {"city": "Paris"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "c1",
                        "content": [
                            {"type": "text", "text": "48.85 N"},
                            {"type": "tool_reference", "tool_name": "map"},
                        ],
                    },
                    {
                        "type": "search_result",
                        "title": "Paris",
                        "source": "atlas",
                        "content": [{"type": "text", "text": "A city."}],
                    },
                ],
            },
        ],
        "tools": [{"name": "map", "description": "A map.", "input_schema": _SCHEMA}],
        "tool_choice": {"type": "tool", "name": "map"},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": _SCHEMA}},
        "stop_sequences": ["END"],
        "metadata": {"user_id": "somebody"},
    },
    "/v1/responses": {
        "model": "auto",
        "instructions": "Be brief.",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Where is Paris?"},
                    {"type": "input_image", "image_url": _PIXEL},
                    {"type": "input_file", "file_data": "data:application/pdf;base64,JVBE"},
                ],
            },
            {"type": "reasoning", "id": "r1", "summary": [], "encrypted_content": "c2ln"},
            {"type": "function_call", "call_id": "c1", "name": "map", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "48.85 N"},
            {"type": "custom_tool_call", "call_id": "c2", "name": "note", "input": "Seen."},
            {"type": "custom_tool_call_output", "call_id": "c2", "output": "Noted."},
        ],
        "tools": [
            {"type": "function", "name": "map", "description": "A map.", "parameters": _SCHEMA},
            {
                "type": "custom",
                "name": "note",
                "description": "A note.",
                "format": {"type": "text"},
            },
        ],
        "tool_choice": {"type": "function", "name": "map"},
        "text": {"format": {"type": "json_schema", "name": "city", "schema": _SCHEMA}},
        "max_output_tokens": 50,
        "reasoning": {"effort": "low"},
        "store": False,
        "metadata": {"session_id": "s1"},
        "safety_identifier": "somebody",
    },
}
_REPLIES = {"openai": OPENAI_REPLY, "anthropic": ANTHROPIC_REPLY, "responses": RESPONSES_REPLY}
ANTHROPIC_EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {**ANTHROPIC_REPLY, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Paris."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
]
# Status lines that are no 200: what a provider, or something before it, answers on a bad day.
STATUSES = (204, 301, 400, 401, 404, 413, 422, 429, 500, 502, 503, 529, 599)
RETRY_AFTER = (
    "1",
    "-5",
    "9" * 400,
    "soon",
    "Thu, 01 Jan 2099 00:00:00 GMT",
    "1e999",
    "nan",
    "\x00",
)


def deep(levels: int, leaf: Any) -> Any:
    """A leaf below so many lists."""
    for _ in range(levels):
        leaf = [leaf]
    return leaf


def leaf(chance: random.Random) -> Any:
    """A value that somebody may not have thought of."""
    return chance.choice(
        (
            None, True, 0, -1, 2**31, 2**63, 2**64, -(2**70), 10**400, 1e308, -0.0, 0.1,
            "", "\x00", "\ud800", "\udfff\ud800", "x" * 5_000, "jo@example.org", "auto", "simple",
            "complex", "stop", "tool_calls", "data:image/png;base64,AAAA", [], {}, [None], [[]],
            {"": ""}, {"\ud800": 2**70}, {"type": "text"}, {"role": "user"},
            deep(300, "\ud800"), deep(950, 2**70), deep(1_500, 1),
        )
    )  # fmt: skip


def mutated(value: Any, chance: random.Random, times: int) -> Any:
    """JSON with some of its values replaced, removed, repeated or moved."""
    value = json.loads(json.dumps(value))
    for _ in range(times):
        places = _places(value)
        if not places:
            return leaf(chance)
        owner, key = chance.choice(places)
        match chance.randrange(6):
            case 0 | 1 | 2:
                owner[key] = leaf(chance)
            case 3:
                del owner[key]
            case 4:
                other, name = chance.choice(places)
                there = name in other if isinstance(other, dict) else name < len(other)
                with contextlib.suppress(RecursionError):
                    owner[key] = json.loads(json.dumps(other[name])) if there else None
            case _ if isinstance(owner, list):
                owner.insert(chance.randrange(len(owner) + 1), leaf(chance))
            case _:
                owner[chance.choice(("", "\ud800", "x", "usage", "stream"))] = leaf(chance)
    return value


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [(value, 0)]
    while waiting:
        item, level = waiting.pop()
        keys = list(item) if isinstance(item, dict) else range(len(item))
        for key in keys:
            found.append((item, key))
            if isinstance(item[key], (dict, list)) and level < 12:
                waiting.append((item[key], level + 1))
    return found


def written(value: Any, chance: random.Random) -> bytes:
    """JSON as bytes, now and then cut, doubled or not JSON at all; any depth."""
    raw = _dumps(value).encode("utf-8", "surrogatepass")
    match chance.randrange(12):
        case 0:
            return raw[: chance.randrange(len(raw) + 1)]
        case 1:
            return raw + raw
        case 2:
            at = chance.randrange(len(raw) + 1)
            return raw[:at] + chance.randbytes(3) + raw[at:]
        case _:
            return raw


class _Written(str):
    """A part of the JSON that is written already."""

    __slots__ = ()


def _dumps(value: Any) -> str:
    """JSON of any depth: what waits to be written is on a list and not on Python's stack."""
    parts: list[str] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Written):
            parts.append(item)
        elif isinstance(item, dict):
            inside: list[Any] = []
            for key, one in item.items():
                inside += [_Written(f"{',' if inside else ''}{json.dumps(key)}:"), one]
            waiting += [_Written("}"), *reversed(inside), _Written("{")]
        elif isinstance(item, list):
            inside = []
            for one in item:
                inside += [_Written(","), one] if inside else [one]
            waiting += [_Written("]"), *reversed(inside), _Written("[")]
        else:
            parts.append(json.dumps(item))
    return "".join(parts)


def request(chance: random.Random) -> tuple[str, bytes, dict[str, str]]:
    """A path, a body, and headers; three in ten are as they should be."""
    path = chance.choice(sorted(REQUESTS))
    body = dict(REQUESTS[path])
    body["model"] = chance.choice(("auto", "auto", "simple", "standard", "complex"))
    body["stream"] = chance.random() < 0.4
    if chance.random() < 0.3:
        return path, json.dumps(body).encode(), {}
    headers = {}
    if chance.random() < 0.1:
        headers["x-session-id"] = chance.choice(("s", "x" * 3_000, "jo@example.org", "\xff\xfe"))
    return path, written(mutated(body, chance, chance.randrange(1, 4)), chance), headers


def replier(kind: str, seed: int) -> Callable[[asyncio.StreamWriter, Received], Any]:
    """A provider that answers something else each time; two in ten are as they should be."""
    chance = random.Random(seed)

    async def reply(writer: asyncio.StreamWriter, asked: Received) -> None:
        streamed = b'"stream":true' in asked.body.replace(b" ", b"")
        fine = chance.random() < 0.2
        if streamed and chance.random() < 0.9:
            body, kind_of = _stream(kind, chance, fine=fine), "text/event-stream"
        else:
            usual = _REPLIES[kind]
            value = usual if fine else mutated(usual, chance, chance.randrange(1, 4))
            body, kind_of = (
                json.dumps(usual).encode() if fine else written(value, chance),
                "application/json",
            )
        status = 200 if fine or chance.random() < 0.85 else chance.choice(STATUSES)
        lines = [f"HTTP/1.1 {status} Whatever", f"content-type: {kind_of}"]
        if status in (429, 503, 529):
            lines.append(f"retry-after: {chance.choice(RETRY_AFTER)}")
        length = len(body)
        if not fine and chance.random() < 0.05:
            length += chance.choice((-1, 1, 1_000)) if length else 1
        lines.append(f"content-length: {max(0, length)}")
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        if length != len(body):
            writer.close()

    return reply


def _events(kind: str) -> list[bytes]:
    if kind == "openai":
        return openai_chunks("Paris", ".", usage=True)
    if kind == "responses":
        whole = WIRES["responses"].whole_stream(RESPONSES_REPLY, include_usage=True)
        return [event + b"\n\n" for event in whole.split(b"\n\n") if event]
    return [
        f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in ANTHROPIC_EVENTS
    ]


def _stream(kind: str, chance: random.Random, *, fine: bool) -> bytes:
    events = _events(kind)
    if fine:
        return b"".join(events)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(events))
        event = events[at]
        data = event.partition(b"data: ")[2].strip()
        match chance.randrange(5):
            case 0:
                del events[at]
            case 1:
                events.insert(at, event)
            case 2:
                events[at] = event[: chance.randrange(len(event) + 1)]
            case _ if data.startswith(b"{"):
                try:
                    value = mutated(json.loads(data), chance, 2)
                except (ValueError, RecursionError):
                    continue
                events[at] = b"data: " + _dumps(value).encode("utf-8", "surrogatepass") + b"\n\n"
            case _:
                events[at] = b"data: " + chance.randbytes(20) + b"\n\n"
        if not events:
            break
    return b"".join(events)
