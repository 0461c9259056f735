"""The steps of a chat, built from the configuration and what they share."""

from collections.abc import Callable

from tierwatch.config import Config
from tierwatch.fit.memory import Memory
from tierwatch.gateway.accept.acceptance import Acceptance
from tierwatch.gateway.accept.conversations import Conversations
from tierwatch.gateway.accept.keys import Keys
from tierwatch.gateway.answer.answering import Answering
from tierwatch.gateway.answer.ask import Asker
from tierwatch.gateway.answer.capable import Capable
from tierwatch.gateway.answer.fitting import Fitting
from tierwatch.gateway.answer.histories import Histories
from tierwatch.gateway.cache.cache_reader import CacheReader
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.deployments.balancer import Balancer
from tierwatch.gateway.memory.cache_store import CacheStore
from tierwatch.gateway.memory.kept_responses import KeptResponses
from tierwatch.gateway.memory.pins import Pins
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.model_names import ModelNames
from tierwatch.gateway.record.cache_writer import CacheWriter
from tierwatch.gateway.record.places import Places
from tierwatch.gateway.record.records import Records
from tierwatch.gateway.reply.replies import Replies
from tierwatch.gateway.route.decide import Decider
from tierwatch.gateway.route.model_classifier import ModelClassifier
from tierwatch.gateway.route.recall import Recall
from tierwatch.gateway.route.routes import Routes
from tierwatch.gateway.route.turns import Turns
from tierwatch.gateway.serve import Steps
from tierwatch.loop.capture.exchange import Recorder
from tierwatch.providers.upstream import Upstream
from tierwatch.routing.stickiness import SessionRules
from tierwatch.wire.wires import WIRES


def build_steps(
    config: Config,
    *,
    current: CurrentRouter,
    names: ModelNames,
    keys: Keys,
    conversations: Conversations,
    upstream: Upstream,
    pins: Pins,
    responses: KeptResponses,
    cache: CacheStore | None,
    writer: CacheWriter,
    recorder: Recorder,
    metrics: GatewayMetrics,
    memory: Memory,
    clock: Callable[[], float],
) -> Steps:
    """Build the steps. Whatever has to be opened and closed is the caller's to open and close."""
    tiers, sessions = config.tiers, config.sessions
    rules = SessionRules(sessions.sticky, sessions.idle_s, sessions.cache_s)
    patience_s = {name: provider.timeout_s for name, provider in config.providers.items()}
    balancer = Balancer(tiers, config.balance, metrics, patience_s=patience_s)
    # A policy may name any provider of the file.
    providers = {place.provider for tier in tiers for place in tier.served_at()}
    providers |= config.providers.keys()
    spoken = {(one, wire): upstream.spoken(one, wire) for one in providers for wire in WIRES}
    histories = Histories(current, spoken, metrics)
    fitting = Fitting(memory, metrics)
    most = config.gateway.max_kept_stream_mb * 1_000_000
    asker = Asker(upstream, spoken, histories, fitting, metrics, most=most)
    return Steps(
        acceptance=Acceptance(
            config,
            current,
            names=names,
            keys=keys,
            conversations=conversations,
            responses=responses,
            clock=clock,
        ),
        cache=CacheReader(config, cache, metrics),
        routes=Routes(
            tiers,
            recall=Recall(pins, rules, clock),
            decider=Decider(current, _model_classifier(config, upstream, memory, metrics), metrics),
            turns=Turns(
                current,
                rules,
                clock,
                balancer.is_healthy,
                # Not the method itself: the router is swapped for another one.
                lambda tier, task: current.router.policies.stable.is_drained(tier, task),  # noqa: PLW0108
            ),
            metrics=metrics,
        ),
        answering=Answering(
            config,
            current,
            balancer=balancer,
            asker=asker,
            capable=Capable(current, spoken, memory),
            metrics=metrics,
        ),
        replies=Replies(tiers),
        records=Records(
            current=current,
            recorder=recorder,
            places=Places(current, pins=pins, rules=rules, clock=clock, metrics=metrics),
            cache=writer,
            responses=responses,
            metrics=metrics.traffic,
        ),
        keepalive_s=config.gateway.keepalive_s,
    )


def _model_classifier(
    config: Config, upstream: Upstream, memory: Memory, metrics: GatewayMetrics
) -> ModelClassifier | None:
    if config.classifier.kind != "llm":
        return None
    balancer = Balancer(
        [config.classifier.as_tier()],
        config.balance,
        metrics,
        label="classifier:",
        # While all are left alone the default tier serves everything: a long Retry-After would
        # cost more than the calls it spares.
        longest_wait_s=config.balance.breaker.open_for_s,
    )
    return ModelClassifier(config.classifier, balancer, upstream, memory)
