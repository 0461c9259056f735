"""An answer from the cache as the caller's wire says it, whole or as a stream.

Usage is what the answer once took, with every prompt token marked as cached: it cost nothing now.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from tierwatch.routing.classify.classification import Classification
from tierwatch.wire.anthropic_replies import reply_to_anthropic
from tierwatch.wire.anthropic_wire import OpenAIToAnthropicStream
from tierwatch.wire.json_bytes import write_json
from tierwatch.wire.refusal import ANTHROPIC
from tierwatch.wire.sse import encode_event


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer that was given before.

    Attributes:
        content: its text.
        tier: that gave it.
        model: of that tier.
        tokens: (prompt, completion) as the provider counted them; None where nobody did.
        classification: what the classifier had said of the prompt; None for a pinned request.
    """

    content: str
    tier: str
    model: str
    tokens: tuple[int | None, int | None]
    classification: Classification | None


def whole_reply(wire: str, answer: CachedAnswer, exchange_id: uuid.UUID, created: int) -> bytes:
    """The body of a reply that is not streamed."""
    message = {"role": "assistant", "content": answer.content, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    chat = {
        **_head("chat.completion", answer, exchange_id, created),
        "choices": [choice],
        "usage": _usage(answer),
    }
    return write_json(reply_to_anthropic(chat) if wire == ANTHROPIC else chat)


def streamed_reply(
    wire: str,
    answer: CachedAnswer,
    exchange_id: uuid.UUID,
    created: int,
    *,
    include_usage: bool,
) -> bytes:
    """All events of a streamed reply: it is all there, so it is sent at once."""
    head = _head("chat.completion.chunk", answer, exchange_id, created)
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        for delta, finish in (
            ({"role": "assistant", "content": ""}, None),
            ({"content": answer.content}, None),
            ({}, "stop"),
        )
    ]
    usage = {**head, "choices": [], "usage": _usage(answer)}
    if wire == ANTHROPIC:
        stream = OpenAIToAnthropicStream()
        events = [event for chunk in [*chunks, usage] for event in stream.feed(chunk)]
        events += stream.finish()
        return b"".join([encode_event(write_json(said), event=name) for name, said in events])
    if include_usage:
        chunks.append(usage)
    return b"".join([encode_event(write_json(chunk)) for chunk in chunks]) + encode_event("[DONE]")


def _head(kind: str, answer: CachedAnswer, exchange_id: uuid.UUID, created: int) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{exchange_id.hex}",
        "object": kind,
        "created": created,
        "model": answer.model,
    }


def _usage(answer: CachedAnswer) -> dict[str, Any]:
    prompt, completion = (count or 0 for count in answer.tokens)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": prompt},
    }
