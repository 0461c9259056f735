"""Messages: the answer, whole and streamed."""

import json
from typing import Any

from fakes.vendor.asked import Asked
from fakes.vendor.chat_write import pieces
from fakes.vendor.script import Answer
from fakes.vendor.seals import Seals

_STOP = {
    "stop": "end_turn", "tools": "tool_use", "length": "max_tokens", "refusal": "refusal",
    "stop_sequence": "stop_sequence",
}  # fmt: skip


def usage(answer: Answer) -> dict[str, Any]:
    return {
        "input_tokens": answer.prompt - answer.cached,
        "cache_read_input_tokens": answer.cached,
        "cache_creation_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": answer.completion,
        "service_tier": "standard",
    }


def blocks(answer: Answer, seals: Seals) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    if answer.thinking:
        signed = {"thinking": answer.thinking, "signature": seals.seal(answer.thinking)}
        told.append({"type": "thinking", **signed})
    if answer.text:
        told.append({"type": "text", "text": answer.text})
    for call in answer.calls:
        given = json.loads(call.arguments)
        named = call.id.replace("call_", "toolu_")
        told.append({"type": "tool_use", "id": named, "name": call.name, "input": given})
    return told


def whole(asked: Asked, answer: Answer, seals: Seals) -> dict[str, Any]:
    end = {"stop_reason": _STOP[answer.end], "stop_sequence": answer.stop}
    return {**_head(asked, answer), "content": blocks(answer, seals), **end}


def events(asked: Asked, answer: Answer, seals: Seals) -> list[bytes]:
    """The events of a stream, from first to last."""
    begun = {**_head(asked, answer), "content": [], "stop_reason": None, "stop_sequence": None}
    begun["usage"] = {**begun["usage"], "output_tokens": 1}
    told: list[dict[str, Any]] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    for index, block in enumerate(blocks(answer, seals)):
        opened, deltas = _opened(block)
        told.append({"type": "content_block_start", "index": index, "content_block": opened})
        told += [{"type": "content_block_delta", "index": index, "delta": one} for one in deltas]
        told.append({"type": "content_block_stop", "index": index})
    end = {"stop_reason": _STOP[answer.end], "stop_sequence": answer.stop}
    told.append({"type": "message_delta", "delta": end,
                 "usage": {"output_tokens": answer.completion}})  # fmt: skip
    told.append({"type": "message_stop"})
    return [event(one) for one in told]


def event(value: dict[str, Any]) -> bytes:
    return f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode()


def _head(asked: Asked, answer: Answer) -> dict[str, Any]:
    head = {"id": "msg_vendor", "type": "message", "role": "assistant", "model": asked.model}
    return {**head, "usage": usage(answer)}


def _opened(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if block["type"] == "text":
        deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
        return {"type": "text", "text": ""}, deltas
    if block["type"] == "thinking":
        thoughts = pieces(block["thinking"])
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in thoughts]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return {"type": "thinking", "thinking": "", "signature": ""}, deltas
    written = pieces(json.dumps(block["input"]))
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in written]
    return {**block, "input": {}}, deltas
