"""Chat completions: the answer, whole and streamed."""

import json
from typing import Any

from fakes.vendor.asked import Asked
from fakes.vendor.script import Answer

_FINISH = {
    "stop": "stop", "tools": "tool_calls", "length": "length", "refusal": "stop",
    "stop_sequence": "stop",
}  # fmt: skip


def usage(answer: Answer) -> dict[str, Any]:
    return {
        "prompt_tokens": answer.prompt,
        "completion_tokens": answer.completion,
        "total_tokens": answer.prompt + answer.completion,
        "prompt_tokens_details": {"cached_tokens": answer.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
    }


def calls(answer: Answer) -> list[dict[str, Any]]:
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in answer.calls
    ]


def whole(asked: Asked, answer: Answer) -> dict[str, Any]:
    choices = []
    for place, text in enumerate(answer.texts):
        refusal = text if answer.end == "refusal" else None
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if refusal else text or None,
        }
        message |= {"refusal": refusal, "annotations": []}
        if answer.calls:
            message["tool_calls"] = calls(answer)
        logprobs = _logprobs(text) if asked.options.get("logprobs") else None
        choices.append(
            {"index": place, "message": message, "finish_reason": _FINISH[answer.end],
             "logprobs": logprobs}
        )  # fmt: skip
    return {**_head(asked, "chat.completion"), "choices": choices, "usage": usage(answer)}


def events(asked: Asked, answer: Answer, *, with_usage: bool) -> list[bytes]:
    """The events of a stream, from first to last."""
    chunks = []
    for place, text in enumerate(answer.texts):
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "", "refusal": None}]
        word = "refusal" if answer.end == "refusal" else "content"
        deltas += [{word: piece} for piece in pieces(text)]
        for number, call in enumerate(calls(answer)):
            of = call["function"]
            opened = {**call, "index": number, "function": {"name": of["name"], "arguments": ""}}
            deltas.append({"tool_calls": [opened]})
            for piece in pieces(of["arguments"]):
                deltas.append({"tool_calls": [{"index": number, "function": {"arguments": piece}}]})
        for delta in deltas:
            logprobs = None
            if asked.options.get("logprobs") and delta.get("content"):
                logprobs = _logprobs(delta["content"])
            chunks.append(_choice(place, delta, None, logprobs))
        chunks.append(_choice(place, {}, _FINISH[answer.end], None))
    head = _head(asked, "chat.completion.chunk")
    told = [{**head, "choices": [one], **({"usage": None} if with_usage else {})} for one in chunks]
    if with_usage:
        told.append({**head, "choices": [], "usage": usage(answer)})
    return [event(one) for one in told] + [b"data: [DONE]\n\n"]


def event(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def pieces(text: str) -> list[str]:
    """A text in at most eight pieces, or none."""
    size = max(1, -(-len(text) // 8))
    return [text[at : at + size] for at in range(0, len(text), size)]


def _head(asked: Asked, kind: str) -> dict[str, Any]:
    head = {"id": "chatcmpl-vendor", "object": kind, "created": 1_790_000_000}
    return {**head, "model": asked.model, "system_fingerprint": "fp_vendor"}


def _choice(place: int, delta: dict[str, Any], finish: str | None, logprobs: Any) -> dict[str, Any]:
    return {"index": place, "delta": delta, "finish_reason": finish, "logprobs": logprobs}


def _logprobs(text: str) -> dict[str, Any]:
    token = {"token": text, "logprob": -0.1, "bytes": list(text.encode()), "top_logprobs": []}
    return {"content": [token], "refusal": None}
