"""The recorded provider's replies over OpenAI's wire: whole, streamed, or broken on purpose."""

import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import orjson
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tierwatch.wire.chat import OPENAI
from tierwatch.wire.fault import Fault
from tierwatch.wire.sse import encode_event
from tierwatch.wire.wires import WIRES

_WIRE = WIRES[OPENAI]

# Faults that replace the reply, and those that break it half way through.
WHOLE_FAULTS = frozenset({"429", "500", "html", "empty"})
FAULTS = ("429", "500", "cut", "garbage", "html", "empty")

_PIECE_CHARACTERS = 24  # of an answer in one chunk of a stream: five or six tokens
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"


def chat_completion(digest: str, model: str, text: str, usage: Mapping[str, int]) -> dict[str, Any]:
    """A whole chat completion; ``digest`` names the request it answers."""
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": f"chatcmpl-{digest}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": usage,
    }


def reply_response(
    reply: Mapping[str, Any], request: Mapping[str, Any], *, breaks: str | None
) -> Response:
    """The reply as the request wants it, streamed or not.

    Args:
        reply: a whole chat completion.
        request: read for ``stream`` and ``stream_options``.
        breaks: ``cut`` closes the socket after half the reply; ``garbage`` ends it there in good
            order, which leaves broken JSON or a stream without an end.
    """
    streamed = bool(request.get("stream"))
    options = request.get("stream_options")
    with_usage = isinstance(options, dict) and bool(options.get("include_usage"))
    parts = _chunks(reply, with_usage=with_usage) if streamed else [orjson.dumps(reply)]
    media_type = "text/event-stream" if streamed else "application/json"
    if breaks == "cut":
        return _CutResponse(_first_half(parts), media_type)
    if breaks == "garbage":
        return Response(b"".join(_first_half(parts)), media_type=media_type)
    if streamed:
        return StreamingResponse(_one_by_one(parts), media_type=media_type)
    return Response(parts[0], media_type=media_type)


def refusal(status: int, message: str, code: str) -> Response:
    """OpenAI's error envelope for a request that cannot be answered."""
    return JSONResponse(_WIRE.write_error(Fault(status, message, code=code)), status_code=status)


def fault_response(fault: str | None) -> Response:
    """One of ``WHOLE_FAULTS``."""
    match fault:
        case "429":
            limited = Fault(429, "Rate limit reached.", "requests", "rate_limit_exceeded")
            return JSONResponse(
                _WIRE.write_error(limited), status_code=429, headers={"retry-after": "1"}
            )
        case "500":
            broken = Fault(500, "The server had an error.", "server_error")
            return JSONResponse(_WIRE.write_error(broken), status_code=500)
        case "html":
            return Response(_HTML, media_type="text/html")
    return Response(b"", media_type="application/json")


def _chunks(reply: Mapping[str, Any], *, with_usage: bool) -> list[bytes]:
    """The reply as the events of a stream, ``[DONE]`` last."""
    head = {key: reply[key] for key in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"
    text = reply["choices"][0]["message"]["content"]
    pieces = [text[at : at + _PIECE_CHARACTERS] for at in range(0, len(text), _PIECE_CHARACTERS)]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in pieces]
    choices: list[dict[str, Any]] = [
        {"index": 0, "delta": delta, "finish_reason": None} for delta in deltas
    ]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    chunks = [{**head, "choices": [choice]} for choice in choices]
    if with_usage:
        chunks = [{**chunk, "usage": None} for chunk in chunks]
        chunks.append({**head, "choices": [], "usage": reply["usage"]})
    return [*(encode_event(orjson.dumps(chunk)) for chunk in chunks), encode_event("[DONE]")]


def _first_half(parts: Sequence[bytes]) -> list[bytes]:
    """Half of the only part, or half of the parts and half of the next, so that JSON breaks."""
    middle = len(parts) // 2
    return [*parts[:middle], parts[middle][: len(parts[middle]) // 2]]


async def _one_by_one(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


class _CutResponse(Response):
    """Sends the parts, then leaves the reply open: the server closes the socket on it."""

    def __init__(self, parts: Sequence[bytes], media_type: str) -> None:
        super().__init__(media_type=media_type)
        del self.headers["content-length"]
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        for part in self._parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
