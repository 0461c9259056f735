"""A Message told as the stream that a caller asked for.

For a caller who streams while the gateway had to see the whole answer first. Nothing is left out
or made up: blocks of kinds that are not known here begin whole.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tierwatch.wire.json_bytes import write_json
from tierwatch.wire.json_values import mapping, objects
from tierwatch.wire.sse import encode_event

Event = dict[str, Any]


def whole_stream(
    reply: Mapping[str, Any],
    *,
    include_usage: bool = True,  # noqa: ARG001 - this wire's streams always count
) -> bytes:
    """A message of Anthropic's as the events of its stream.

    Args:
        reply: the whole, as a provider answers without ``stream``.
        include_usage: nothing here.
    """
    last = {key: reply.get(key) for key in ("stop_reason", "stop_sequence")}
    usage = mapping(reply.get("usage"))
    start = {**reply, "content": [], "stop_reason": None, "stop_sequence": None}
    start["usage"] = {**usage, "output_tokens": 0}
    events: list[tuple[str, Event]] = [("message_start", {"message": start})]
    for index, block in enumerate(objects(reply.get("content"))):
        begun, deltas = _block_pieces(block)
        events.append(("content_block_start", {"index": index, "content_block": begun}))
        events += [("content_block_delta", {"index": index, "delta": delta}) for delta in deltas]
        events.append(("content_block_stop", {"index": index}))
    events.append(("message_delta", {"delta": last, "usage": usage}))
    events.append(("message_stop", {}))
    return b"".join(
        encode_event(write_json({"type": name, **payload}), event=name) for name, payload in events
    )


def _block_pieces(block: Mapping[str, Any]) -> tuple[Event, list[Event]]:
    """A block as it begins, and what is then added to it; other kinds begin whole."""
    read = _BLOCKS.get(str(block.get("type")))
    return read(block) if read is not None else (dict(block), [])


def _text(block: Mapping[str, Any]) -> tuple[Event, list[Event]]:
    citations = objects(block.get("citations"))
    deltas: list[Event] = [{"type": "citations_delta", "citation": one} for one in citations]
    begun = {**block, "text": ""}
    if citations:
        begun["citations"] = []
    return begun, [{"type": "text_delta", "text": block.get("text") or ""}, *deltas]


def _thinking(block: Mapping[str, Any]) -> tuple[Event, list[Event]]:
    deltas: list[Event] = [{"type": "thinking_delta", "thinking": block.get("thinking") or ""}]
    if block.get("signature"):
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    return {**block, "thinking": "", "signature": ""}, deltas


def _tool_use(block: Mapping[str, Any]) -> tuple[Event, list[Event]]:
    arguments = write_json(block.get("input") or {}).decode()
    return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": arguments}]


_BLOCKS: Mapping[str, Callable[[Mapping[str, Any]], tuple[Event, list[Event]]]] = {
    "text": _text,
    "thinking": _thinking,
    "tool_use": _tool_use,
    "server_tool_use": _tool_use,
}
