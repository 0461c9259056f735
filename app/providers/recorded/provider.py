"""A model provider that answers from a recording, over OpenAI's wire.

Behind a gateway it gives each tier's recorded answer; asked as the judge or the classifier, with
their real prompts, it answers what the recording says, with as much noise and as many faults as
`RecordedOptions` asks for. Everything random is hashed from the seed, so a run can be repeated.
"""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tierwatch.evalsets import Anchor, Probe
from tierwatch.providers.recorded.answers import (
    FAULTS,
    NotRecordedError,
    RecordedAnswers,
    RecordedOptions,
)
from tierwatch.providers.recorded.recordings import Recordings
from tierwatch.providers.recorded.traffic_file import RecordedExchange
from tierwatch.routing.tiers import Price
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.fault import Fault
from tierwatch.wire.sse import encode_event
from tierwatch.wire.wires import WIRES

_WIRE = WIRES[OPENAI]

# Faults that replace the reply; the others break it half way through.
_WHOLE_FAULTS = frozenset({"429", "500", "html", "empty"})

_PIECE_CHARACTERS = 24  # of an answer in one chunk of a stream: five or six tokens
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"


def build_recorded_app(
    exchanges: Iterable[RecordedExchange],
    *,
    tier_of_model: Mapping[str, str],
    judge_models: AbstractSet[str] = frozenset(),
    classifier_models: AbstractSet[str] = frozenset(),
    options: RecordedOptions | None = None,
    aliases: Sequence[tuple[str, str]] = (),
    redact: Callable[[str], str] | None = None,
    prices: Mapping[str, Price] | None = None,
    anchors: Sequence[Anchor] = (),
    probes: Sequence[Probe] = (),
) -> Starlette:
    """Build the provider: ``/v1/chat/completions``, ``/v1/models``, ``/healthz``.

    Args:
        exchanges: in order of arrival.
        tier_of_model: which tier's answers a model gives.
        judge_models: models that are asked to compare two answers.
        classifier_models: models that are asked to name a tier.
        options: behaviour; by default immediate and without faults.
        aliases: (other name, model) pairs.
        redact: what stored texts went through; texts are found in either form. It runs over the
            whole recording when a text is first not found as recorded.
        prices: by tier, so that the usage reported costs what was recorded; without them four
            characters are a token.
        anchors: pairs of known verdict that the judge may be asked about.
        probes: prompts of known answer that a tier may be asked.
    """
    known = Recordings(exchanges)
    options = options or RecordedOptions()
    answers = RecordedAnswers(
        known,
        Recordings(known.exchanges, redact) if redact else None,
        tier_of_model=tier_of_model,
        judge_models=judge_models,
        classifier_models=classifier_models,
        options=options,
        aliases=dict(aliases),
        prices=prices or {},
        anchors=anchors,
        probes=probes,
    )
    provider = _RecordedProvider(answers, options)
    return Starlette(
        routes=[
            Route("/v1/chat/completions", provider.chat, methods=["POST"]),
            Route("/v1/models", provider.list_models),
            Route("/healthz", provider.health),
            Route("/health", provider.health),
        ]
    )


def server(app: Starlette, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Server:
    """A server for the app that has not started; ``run()`` serves until a signal arrives."""
    config = uvicorn.Config(
        app, host=host, port=port, log_level="critical", access_log=False, lifespan="off"
    )
    return uvicorn.Server(config)


def serve(app: Starlette, *, host: str = "127.0.0.1", port: int) -> None:
    """Serve the app until SIGINT or SIGTERM."""
    server(app, host=host, port=port).run()


class _RecordedProvider:
    """The endpoints, and the counter that makes repeated requests fail differently."""

    def __init__(self, answers: RecordedAnswers, options: RecordedOptions) -> None:
        self._answers = answers
        self._options = options
        self._attempts: Counter[str] = Counter()

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "exchanges": self._answers.exchanges})

    async def list_models(self, _request: Request) -> Response:
        rows = [
            {"id": name, "object": "model", "created": 0, "owned_by": "recorded"}
            for name in self._answers.models
        ]
        return JSONResponse({"object": "list", "data": rows})

    async def chat(self, http_request: Request) -> Response:
        body = await http_request.body()
        request = _chat_request(body)
        if request is None:
            return _refusal(400, "The request is not a chat request.", "invalid_request")
        digest = hashlib.blake2b(body, digest_size=8).hexdigest()
        if self._options.error_rates:  # otherwise a long benchmark would fill the counter
            self._attempts[digest] += 1
        key = f"{digest}#{self._attempts[digest]}"
        await self._wait(key)
        fault = self._fault(key)
        if fault in _WHOLE_FAULTS:
            return _fault_response(fault)
        try:
            answer = await self._answers.answer(request)
        except NotRecordedError as error:
            return _refusal(404, str(error), "not_recorded")
        whole = _chat_completion(digest, str(request.get("model")), answer.text, answer.usage)
        return _reply_response(whole, request, breaks=fault)

    async def _wait(self, key: str) -> None:
        if self._options.latency_s > 0:
            way = 2 * self._options.chance("latency", key) - 1
            await asyncio.sleep(self._options.latency_s * (1 + self._options.jitter * way))

    def _fault(self, key: str) -> str | None:
        chance = self._options.chance("fault", key) if self._options.error_rates else 1.0
        for fault in FAULTS:
            chance -= self._options.error_rates.get(fault, 0.0)
            if chance < 0:
                return fault
        return None


def _chat_request(body: bytes) -> dict[str, Any] | None:
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if isinstance(request, dict) and isinstance(request.get("messages"), list):
        return request
    return None


def _chat_completion(
    digest: str, model: str, text: str, usage: Mapping[str, int]
) -> dict[str, Any]:
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


def _reply_response(
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


def _refusal(status: int, message: str, code: str) -> Response:
    """OpenAI's error envelope for a request that cannot be answered."""
    return JSONResponse(_WIRE.write_error(Fault(status, message, code=code)), status_code=status)


def _fault_response(fault: str | None) -> Response:
    """One of ``_WHOLE_FAULTS``."""
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
