"""A whole answer told as the stream that a caller asked for, on either wire. Pure.

For a caller who streams while the gateway had to see the whole answer first. Nothing is left out
or made up: fields that are not known here go with the first piece of the message.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tierwatch.routing.content import message_text
from tierwatch.wire.json_bytes import write_json
from tierwatch.wire.sse import encode_event

Event = dict[str, Any]


def completion_stream(completion: Mapping[str, Any], *, include_usage: bool) -> bytes:
    """A chat completion as the events of OpenAI's stream.

    Args:
        completion: the whole, as a provider answers without ``stream``.
        include_usage: whether the caller asked for ``stream_options.include_usage``.
    """
    head = {k: v for k, v in completion.items() if k not in {"choices", "usage", "object"}}
    head["object"] = "chat.completion.chunk"
    chunks: list[Event] = []
    for choice in completion.get("choices") or []:
        chunks += [{**head, "choices": [piece]} for piece in _choice_pieces(choice)]
    if include_usage:
        # Every chunk before the last then says that it has none.
        for chunk in chunks:
            chunk["usage"] = None
        chunks.append({**head, "choices": [], "usage": completion.get("usage")})
    return b"".join(encode_event(write_json(chunk)) for chunk in chunks) + encode_event("[DONE]")


def _choice_pieces(choice: Mapping[str, Any]) -> Iterator[Event]:
    message = dict(choice.get("message") or {})
    index, calls = choice.get("index", 0), message.pop("tool_calls", None)
    content = message_text(message)
    message.pop("content", None)

    def piece(delta: Event, **more: Any) -> Event:
        return {"index": index, "delta": delta, "finish_reason": None, **more}

    # A null says nothing in a stream, and `refusal` stands in most whole messages as one.
    first = {key: value for key, value in message.items() if value is not None}
    yield piece({"role": "assistant", "content": "" if content else None} | first)
    if content:
        yield piece({"content": content}, logprobs=choice.get("logprobs"))
    for place, call in enumerate(calls or ()):
        yield piece({"tool_calls": [{"index": place, **call}]})
    yield piece({}) | {"finish_reason": choice.get("finish_reason")}


def message_stream(message: Mapping[str, Any]) -> bytes:
    """A message of Anthropic's as the events of its stream.

    Args:
        message: the whole, as a provider answers without ``stream``.
    """
    last = {key: message.get(key) for key in ("stop_reason", "stop_sequence")}
    usage = message.get("usage") or {}
    start = {**message, "content": [], "stop_reason": None, "stop_sequence": None}
    start["usage"] = {**usage, "output_tokens": 0}
    events: list[tuple[str, Event]] = [("message_start", {"message": start})]
    for index, block in enumerate(message.get("content") or []):
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
    citations = block.get("citations") or []
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
