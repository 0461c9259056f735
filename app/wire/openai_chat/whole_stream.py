"""A chat completion told as the stream that a caller asked for.

For a caller who streams while the gateway had to see the whole answer first. Nothing is left out
or made up: fields that are not known here go with the first piece of the message.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tierwatch.routing.content import message_text
from tierwatch.wire.json_bytes import write_json
from tierwatch.wire.json_values import mapping, objects
from tierwatch.wire.openai_chat.stream_in import DONE
from tierwatch.wire.sse import encode_event

Event = dict[str, Any]


def whole_stream(reply: Mapping[str, Any], *, include_usage: bool) -> bytes:
    """A chat completion as the events of OpenAI's stream.

    Args:
        reply: the whole, as a provider answers without ``stream``.
        include_usage: whether the caller asked for ``stream_options.include_usage``.
    """
    head = {k: v for k, v in reply.items() if k not in {"choices", "usage", "object"}}
    head["object"] = "chat.completion.chunk"
    chunks: list[Event] = []
    for choice in objects(reply.get("choices")):
        chunks += [{**head, "choices": [piece]} for piece in _choice_pieces(choice)]
    if include_usage:
        # Every chunk before the last then says that it has none.
        for chunk in chunks:
            chunk["usage"] = None
        chunks.append({**head, "choices": [], "usage": reply.get("usage")})
    return b"".join(encode_event(write_json(chunk)) for chunk in chunks) + encode_event(DONE)


def _choice_pieces(choice: Mapping[str, Any]) -> Iterator[Event]:
    message = dict(mapping(choice.get("message")))
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
    for place, call in enumerate(objects(calls)):
        yield piece({"tool_calls": [{"index": place, **call}]})
    yield piece({}) | {"finish_reason": choice.get("finish_reason")}
