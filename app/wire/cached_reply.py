"""An answer from the cache as the caller's wire says it, whole or as a stream.

Usage is what the answer once took, with every prompt token marked as cached: it cost nothing now.
"""

import uuid
from dataclasses import dataclass

from tierwatch.routing.classify.classification import Classification
from tierwatch.wire.chat import ChatAnswer, Extras, Text, Turn
from tierwatch.wire.form import NOBODY, AnswerTo
from tierwatch.wire.json_bytes import write_json
from tierwatch.wire.sse import encode_events
from tierwatch.wire.usage import Usage, write_chunk_usage
from tierwatch.wire.wires import WIRES

_OURS = Extras("")


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


def whole_reply(
    wire: str, answer: CachedAnswer, exchange_id: uuid.UUID, created: int, to: AnswerTo = NOBODY
) -> bytes:
    """The body of a reply that is not streamed."""
    said = ChatAnswer(
        id=_id(exchange_id),
        model=answer.model,
        created=created,
        turn=Turn("assistant", (Text(answer.content, _OURS),), plain=True, extras=_OURS),
        finish_reason="stop",
        usage=_usage(answer),
        extras=_OURS,
    )
    return write_json(WIRES[wire].write_reply(said, to=to))


def streamed_reply(
    wire: str,
    answer: CachedAnswer,
    exchange_id: uuid.UUID,
    created: int,
    *,
    include_usage: bool,
    to: AnswerTo = NOBODY,
) -> bytes:
    """All events of a streamed reply: it is all there, so it is sent at once."""
    head = {
        "id": _id(exchange_id),
        "object": "chat.completion.chunk",
        "created": created,
        "model": answer.model,
    }
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        for delta, finish in (
            ({"role": "assistant", "content": ""}, None),
            ({"content": answer.content}, None),
            ({}, "stop"),
        )
    ]
    chunks.append({**head, "choices": [], "usage": write_chunk_usage(_usage(answer))})
    stream = WIRES[wire].stream_out(include_usage=include_usage, to=to)
    said = [encode_events(stream.feed(chunk)) for chunk in chunks]
    return b"".join([*said, encode_events(stream.finish())])


def _id(exchange_id: uuid.UUID) -> str:
    return f"chatcmpl-{exchange_id.hex}"


def _usage(answer: CachedAnswer) -> Usage:
    prompt, completion = (count or 0 for count in answer.tokens)
    return Usage(prompt, completion, prompt)
