"""A model provider that answers from a recording, over OpenAI's wire.

Behind a gateway it gives each tier's recorded answer; asked as the judge or the classifier, with
their real prompts, it answers what the recording says, with as much noise and as many faults as
`RecordedOptions` asks for. Everything random is hashed from the seed, so a run can be repeated.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tierwatch.evalsets import Anchor, Probe
from tierwatch.providers.recorded_answers import NotRecordedError, RecordedAnswers
from tierwatch.providers.recorded_options import RecordedOptions
from tierwatch.providers.recorded_reply import (
    FAULTS,
    WHOLE_FAULTS,
    chat_completion,
    fault_response,
    refusal,
    reply_response,
)
from tierwatch.providers.recordings import Recordings
from tierwatch.providers.traffic_file import RecordedExchange
from tierwatch.routing.tiers import Price


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
            return refusal(400, "The request is not a chat request.", "invalid_request")
        digest = hashlib.blake2b(body, digest_size=8).hexdigest()
        if self._options.error_rates:  # otherwise a long benchmark would fill the counter
            self._attempts[digest] += 1
        key = f"{digest}#{self._attempts[digest]}"
        await self._wait(key)
        fault = self._fault(key)
        if fault in WHOLE_FAULTS:
            return fault_response(fault)
        try:
            answer = await self._answers.answer(request)
        except NotRecordedError as error:
            return refusal(404, str(error), "not_recorded")
        whole = chat_completion(digest, str(request.get("model")), answer.text, answer.usage)
        return reply_response(whole, request, breaks=fault)

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
