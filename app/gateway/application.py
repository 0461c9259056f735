"""The gateway as an ASGI application: routes, small endpoints, start and stop."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tierwatch.config import Config
from tierwatch.gateway.answer.balancer import Balancer
from tierwatch.gateway.cache.response_cache import ResponseCache
from tierwatch.gateway.chat import ChatEndpoint
from tierwatch.gateway.feedback import read_feedback
from tierwatch.gateway.inbound import Keys, read_body
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.model_names import model_list
from tierwatch.gateway.route.conversations import Conversations
from tierwatch.gateway.route.model_classifier import ModelClassifier
from tierwatch.gateway.route.pins import Pins
from tierwatch.gateway.route.policies import CurrentRouter, Types, no_models, no_types
from tierwatch.loop.capture.exchange import Feedback, Recorder
from tierwatch.providers.upstream import Upstream
from tierwatch.routing.classify.classification import Classifier
from tierwatch.routing.policy import ActivePolicies
from tierwatch.routing.router import Router
from tierwatch.wire.json_bytes import write_json
from tierwatch.wire.refusal import ANTHROPIC, OPENAI, Refusal

_log = structlog.get_logger()

_MESSAGES_PATH = "/v1/messages"


def build_gateway(
    *,
    config: Config,
    router: Router,
    recorder: Recorder,
    policies: Callable[[], ActivePolicies | None],
    models: Callable[[int], Classifier] = no_models,
    upstream: Upstream,
    clock: Callable[[], float],
    feedback: Callable[[Feedback], None],
    environ: Mapping[str, str],
    registry: CollectorRegistry | None = None,
    redis_url: str | None = None,
    cache: ResponseCache | None = None,
    types: Types = no_types,
) -> Starlette:
    """Build the gateway.

    Args:
        config: the whole tierwatch.yaml.
        router: the router to begin with.
        recorder: is given each exchange once, after its reply is closed.
        policies: asked every second, in a thread, for the policies that should be in force. None,
            or an error of any kind, leaves the last known ones.
        models: asked in the same thread for the learned model of a version that a policy names.
        upstream: the providers; opened and closed with the application.
        clock: epoch seconds.
        feedback: takes what callers say of answers; called in a thread.
        environ: where the gateway's own API keys are found.
        registry: what ``/metrics`` shows; a new one by default.
        redis_url: where gateways share what they know of conversations; None keeps it here.
        cache: answers that were given before; opened and closed with the application.
        types: asked as ``policies`` is, for the task types that should be in force.

    Raises:
        SettingsError: a key in ``gateway.api_keys`` names a variable that is not set, or the
            address of Redis cannot be read.
    """
    metrics = GatewayMetrics(CollectorRegistry() if registry is None else registry)
    keys = Keys(secret.reveal(environ) for secret in config.gateway.api_keys)
    current = CurrentRouter(router, policies, metrics, models=models, types=types)
    balancer = Balancer(config.tiers, config.balance, metrics)
    asks = None
    if config.classifier.kind == "llm":
        own = Balancer(
            [config.classifier.as_tier()],
            config.balance,
            metrics,
            label="classifier:",
            # While all are left alone the default tier serves everything: a long Retry-After would
            # cost more than the calls it spares.
            longest_wait_s=config.balance.breaker.open_for_s,
        )
        asks = ModelClassifier(config.classifier, own, upstream)
    pins = Pins(
        redis_url,
        idle_s=config.sessions.idle_s,
        clock=clock,
        count=lambda answer: metrics.pin_looks(answer).inc(),
    )
    conversations = Conversations(
        config,
        pins,
        kind_of=upstream.kind,
        metrics=metrics,
        clock=clock,
        is_healthy=balancer.is_healthy,
    )
    small = _SmallEndpoints(
        config=config,
        current=current,
        keys=keys,
        metrics=metrics,
        feedback=feedback,
        started_at=clock(),
    )

    def chat(wire: str) -> ChatEndpoint:
        return ChatEndpoint(
            wire,
            config=config,
            current=current,
            recorder=recorder,
            upstream=upstream,
            conversations=conversations,
            balancer=balancer,
            keys=keys,
            metrics=metrics,
            clock=clock,
            asks=asks,
            cache=cache,
        )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with upstream, pins, cache or nullcontext():
            with current:
                yield

    return Starlette(
        routes=[
            Route("/v1/chat/completions", chat(OPENAI), methods=["POST"]),
            Route(_MESSAGES_PATH, chat(ANTHROPIC), methods=["POST"]),
            Route("/v1/models", small.models, methods=["GET"]),
            Route("/v1/models/{name:path}", small.model, methods=["GET"]),
            Route("/v1/feedback", small.take_feedback, methods=["POST"]),
            Route("/healthz", small.healthz, methods=["GET"]),
            Route("/readyz", small.readyz, methods=["GET"]),
            Route("/metrics", small.show_metrics, methods=["GET"]),
        ],
        exception_handlers={HTTPException: _http_error, Exception: _our_error},
        lifespan=lifespan,
    )


class _SmallEndpoints:
    """Everything but the chats."""

    def __init__(
        self,
        *,
        config: Config,
        current: CurrentRouter,
        keys: Keys,
        metrics: GatewayMetrics,
        feedback: Callable[[Feedback], None],
        started_at: float,
    ) -> None:
        self._most = config.gateway.max_body_mb * 1024 * 1024
        self._current = current
        self._keys = keys
        self._metrics = metrics
        self._feedback = feedback
        self._models = model_list(config, started_at)

    async def models(self, request: Request) -> Response:
        refusal = self._keys.refuse(dict(request.scope["headers"]))
        return _json(self._models) if refusal is None else _refused(refusal)

    async def model(self, request: Request) -> Response:
        refusal = self._keys.refuse(dict(request.scope["headers"]))
        if refusal is not None:
            return _refused(refusal)
        name = request.path_params["name"]
        for model in self._models["data"]:
            if model["id"] == name:
                return _json(model)
        return _refused(Refusal(404, f"There is no model {name!r}.", code="model_not_found"))

    async def take_feedback(self, request: Request) -> Response:
        headers = dict(request.scope["headers"])
        refusal = self._keys.refuse(headers)
        if refusal is not None:
            return _refused(refusal)
        body = await read_body(request.receive, headers, self._most)
        feedback = read_feedback(body) if isinstance(body, bytes) else body
        if feedback is None:
            return Response(status_code=400)  # the caller left; nobody reads this
        if isinstance(feedback, Refusal):
            return _refused(feedback)
        # After the answer and in a thread: the callable may wait for a database.
        task = BackgroundTask(self._pass_on, feedback)
        return _json({"status": "accepted"}, 202, background=task)

    async def _pass_on(self, feedback: Feedback) -> None:
        try:
            await run_in_threadpool(self._feedback, feedback)
        except Exception as error:  # noqa: BLE001 - the caller has its answer; the loss is counted and logged
            self._metrics.feedback.labels("lost").inc()
            _log.warning("feedback was lost", request=str(feedback.request_id), problem=repr(error))
        else:
            self._metrics.feedback.labels("taken").inc()

    async def healthz(self, _: Request) -> Response:
        return _json({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        """Ready as soon as it answers: chats need the file and the router, no Postgres or Redis."""
        version = self._current.router.policies.stable.version
        return _json({"status": "ready", "policy_version": version})

    async def show_metrics(self, _: Request) -> Response:
        return Response(
            generate_latest(self._metrics.registry), headers={"content-type": CONTENT_TYPE_LATEST}
        )


def _json(value: Any, status: int = 200, *, background: BackgroundTask | None = None) -> Response:
    return Response(write_json(value), status, media_type="application/json", background=background)


def _refused(refusal: Refusal, wire: str = OPENAI) -> Response:
    return Response(refusal.body(wire), refusal.status, media_type="application/json")


def _wire_of(request: Request) -> str:
    return ANTHROPIC if request.url.path.startswith(_MESSAGES_PATH) else OPENAI


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    what = f"{request.method} {request.url.path}"
    refusal = Refusal(error.status_code, f"{what}: {error.detail}.")
    response = _refused(refusal, _wire_of(request))
    response.headers.update(error.headers or {})
    return response


async def _our_error(request: Request, error: Exception) -> Response:
    """Our own mistake: the caller gets the envelope; the log, from the server, the traceback."""
    del error
    return _refused(
        Refusal(500, "The gateway failed. Its log says why.", "api_error"), _wire_of(request)
    )
