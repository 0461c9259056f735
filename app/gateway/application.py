"""The gateway as an ASGI application: its parts put together, its routes, start and stop."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from prometheus_client import CollectorRegistry

from tierwatch.config import Config
from tierwatch.fit.memory import Memory
from tierwatch.gateway.accept.conversations import Conversations, deployment_secret
from tierwatch.gateway.accept.keys import Keys
from tierwatch.gateway.build_steps import build_steps
from tierwatch.gateway.cache.response_cache import ResponseCache
from tierwatch.gateway.current_router import CurrentRouter, Types, no_models, no_types
from tierwatch.gateway.endpoints.build_endpoints import build_endpoints
from tierwatch.gateway.endpoints.kept import KeptEndpoint
from tierwatch.gateway.memory.kept_responses import KeptResponses
from tierwatch.gateway.memory.pins import Pins
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.model_names import ModelNames
from tierwatch.gateway.record.cache_writer import CacheWriter
from tierwatch.gateway.record.capture_metrics import CaptureMetrics
from tierwatch.gateway.routes import Gateway
from tierwatch.gateway.serve import ChatEndpoint
from tierwatch.loop.capture.exchange import Recorder
from tierwatch.loop.capture.feedback import Feedback
from tierwatch.loop.capture.state import CaptureState
from tierwatch.providers.upstream import Upstream
from tierwatch.routing.classify.classification import Classifier
from tierwatch.routing.policy import ActivePolicies
from tierwatch.routing.router import Router
from tierwatch.wire.wires import WIRES


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
    metrics_token: str = "",
    capture: Callable[[], CaptureState] | None = None,
    memory: Memory | None = None,
) -> Gateway:
    """Build the gateway.

    Args:
        config: the whole tierwatch.yaml.
        router: the router to begin with.
        recorder: is given each exchange once, after its reply is closed.
        policies: asked each second, in a thread; None, or any error, leaves the last known ones.
        models: asked in the same thread for the learned model of a version that a policy names.
        upstream: the providers; opened and closed with the application.
        clock: epoch seconds.
        feedback: takes what callers say of answers; called in a thread.
        environ: where the gateway's own API keys are found.
        registry: what ``/metrics`` shows; a new one by default.
        redis_url: where gateways share what they know of conversations; None keeps it here.
        cache: answers that were given before; opened and closed with the application.
        types: asked as ``policies`` is, for the task types that should be active.
        metrics_token: what ``/metrics`` is shown for; without one, any of the gateway's keys.
        capture: how capture is, for readiness and metrics; None when nothing is captured.
        memory: what models take, which requests teach; a new one by default.

    Raises:
        SettingsError: a variable that ``gateway.api_keys`` names is not set, or Redis unreadable.
    """
    metrics, names = _metrics(registry, capture), ModelNames(config)
    keys, scrapers = _keys(config, environ, metrics_token)
    current = _current(config, router, policies, metrics, models=models, types=types)
    pins, responses = _memory(redis_url, config, clock, metrics)
    writer = CacheWriter(config.gateway.cache, cache, metrics)
    steps = build_steps(
        config,
        current=current,
        names=names,
        keys=keys,
        conversations=Conversations(deployment_secret(config, environ)),
        responses=responses,
        upstream=upstream,
        pins=pins,
        cache=None if cache is None else cache.store,
        writer=writer,
        recorder=recorder,
        metrics=metrics,
        memory=memory or Memory(config.tiers),
        clock=clock,
    )
    small, passed = build_endpoints(
        config,
        steps,
        current=current,
        names=names,
        keys=keys,
        scrapers=scrapers,
        upstream=upstream,
        metrics=metrics,
        feedback=feedback,
        started_at=clock(),
        capture=capture,
    )
    chats = {WIRES[wire].route: ChatEndpoint(wire, steps, metrics.traffic) for wire in WIRES}
    stores = [] if cache is None else [cache.store]
    opened = _lifespan(current, upstream, pins, responses, *stores, writer)
    return Gateway({**chats, **passed}, small, KeptEndpoint(keys, responses, upstream), opened)


def _current(
    config: Config,
    router: Router,
    policies: Callable[[], ActivePolicies | None],
    metrics: GatewayMetrics,
    *,
    models: Callable[[int], Classifier],
    types: Types,
) -> CurrentRouter:
    """The active router; a policy may name any provider of the file, and no other."""
    return CurrentRouter(
        router, policies, metrics, models=models, types=types, providers=config.providers
    )


def _metrics(
    registry: CollectorRegistry | None, capture: Callable[[], CaptureState] | None
) -> GatewayMetrics:
    metrics = GatewayMetrics(CollectorRegistry() if registry is None else registry)
    if capture is not None:
        metrics.registry.register(CaptureMetrics(capture))
    return metrics


def _keys(config: Config, environ: Mapping[str, str], metrics_token: str) -> tuple[Keys, Keys]:
    """What callers must show, and what readers of the metrics must."""
    keys = Keys({one.key.reveal(environ): one.name for one in config.gateway.api_keys})
    return keys, Keys({metrics_token: ""}) if metrics_token else keys


def _memory(
    redis_url: str | None, config: Config, clock: Callable[[], float], metrics: GatewayMetrics
) -> tuple[Pins, KeptResponses]:
    """Where conversations stand, and what callers go on from by its id."""
    pins = Pins(
        redis_url,
        idle_s=config.sessions.idle_s,
        clock=clock,
        count=lambda answer: metrics.routing.pin_lookups(answer).inc(),
    )
    return pins, KeptResponses(config.gateway.responses, redis_url, clock)


def _lifespan(
    current: CurrentRouter, *parts: AbstractAsyncContextManager[object]
) -> Callable[[], AbstractAsyncContextManager[None]]:
    """Open everything that has to be opened, in order, in the event loop that will use it."""

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            for part in parts:
                await opened.enter_async_context(part)
            with current:
                yield

    return lifespan
