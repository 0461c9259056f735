"""The whole answer that a stream says, for who asked for a whole one and was sent a stream."""

from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.fault import error_text
from tierwatch.wire.sse import SSEDecoder
from tierwatch.wire.stream_answer import StreamAnswer
from tierwatch.wire.usage import write_chunk_usage
from tierwatch.wire.wires import WIRES

# The wire that `collected` answers in.
COLLECTED = OPENAI


def collected(wire: str, stream: bytes) -> dict[str, Any]:
    """A chat completion, from the bytes of a provider's stream on its wire.

    Raises:
        ProviderError: kind ``unreadable`` or ``cut`` for what is no stream, or none that ends;
            ``server`` where it says an error.
    """
    reader, answer = WIRES[wire].stream_in(), StreamAnswer()
    head: dict[str, Any] = {}
    # The end of the bytes ends the last event, whatever was left out.
    for event in SSEDecoder().feed(stream + b"\n\n"):
        for chunk in reader.feed(event):
            answer.feed(chunk)
            if isinstance(chunk, dict):
                head = head or {key: chunk[key] for key in ("id", "created") if key in chunk}
    if answer.error is not None:
        raise ProviderError(
            f"The provider sent an error: {error_text(answer.error)}", kind="server"
        )
    if not answer.finished and not reader.finished:
        kind = "cut" if answer.chunks else "unreadable"
        raise ProviderError("The provider sent a stream that does not end.", kind=kind)
    counted = reader.usage if answer.prompt_tokens is None and reader.usage else answer.usage
    choice = {"index": 0, "message": answer.message, "finish_reason": answer.finish_reason}
    return {
        **head,
        "object": "chat.completion",
        "model": answer.model,
        "choices": [choice],
        "usage": write_chunk_usage(counted),
    }
