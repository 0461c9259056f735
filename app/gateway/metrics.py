"""What the gateway counts for Prometheus. Labels are bounded: tiers, statuses and reasons."""

from collections.abc import Callable, Sequence
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge

from tierwatch.gateway.tallies import Tallies


class GatewayMetrics:
    """The gateway's series, in one registry.

    Series with labels are functions from the labels' values, in order, to the child: each is looked
    up once, since `labels()` takes a lock and builds a key on every call, which the request path
    need not pay for.

    Attributes:
        registry: what ``/metrics`` shows.
        traffic: requests, replies and what they cost.
        routing: policies, models and conversations.
        calls: calls to providers.
        cache: the response cache.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.traffic = TrafficMetrics(registry)
        self.routing = RoutingMetrics(registry)
        self.calls = CallMetrics(registry)
        self.cache = CacheMetrics(registry)


class TrafficMetrics:
    """Requests under way, refused and closed, and what callers say of them.

    Attributes:
        served: requests by how they ended, with their times, tokens and costs.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.served = Tallies(registry)
        self._under_way = 0
        in_flight = Gauge(
            "tierwatch_gateway_requests_in_flight", "Requests being served.", registry=registry
        )
        in_flight.set_function(lambda: self._under_way)
        self.refused = _counters(
            "tierwatch_gateway_requests_refused",
            "Requests refused before they were routed.",
            ["status"],
            registry,
        )
        self.beside = _counters(
            "tierwatch_gateway_passed_requests",
            "Requests beside the chats, which are not routed and not evaluated: passed on, counted"
            " or only decided, by HTTP status and the named key that was shown.",
            ["endpoint", "status", "key"],
            registry,
        )
        self.feedback = _counters(
            "tierwatch_gateway_feedback", "Feedback by what became of it.", ["status"], registry
        )

    def begins(self) -> None:
        """A request is being served."""
        self._under_way += 1

    def ends(self) -> None:
        """It is over."""
        self._under_way -= 1


class RoutingMetrics:
    """The active policy and model, the classifier's failures, and conversations' turns."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.policy_version = Gauge(
            "tierwatch_gateway_policy_version",
            "Version of the active stable policy.",
            registry=registry,
        )
        self.policy_poll_failures = Counter(
            "tierwatch_gateway_policy_poll_failures",
            "Checks for a new policy that failed; the last known one stays active.",
            registry=registry,
        )
        self.model_version = Gauge(
            "tierwatch_gateway_model_version",
            "Version of the active learned model; 0 for the configured classifier.",
            registry=registry,
        )
        self.models_refused = Counter(
            "tierwatch_gateway_models_refused",
            "Learned models that were corrupt, foreign or missing; the last one decides.",
            registry=registry,
        )
        self.classifier_failures = _counters(
            "tierwatch_gateway_classifier_failures",
            "Requests that went to the default tier because the classifier failed.",
            ["reason"],
            registry,
        )
        self.unfamiliar = Counter(
            "tierwatch_gateway_unfamiliar",
            "Decisions for prompts unlike anything that the learned classifier has judged.",
            registry=registry,
        )
        self.session_turns = _counters(
            "tierwatch_gateway_session_turns",
            "Turns of conversations: new, same, up or down, or why they were held at their tier.",
            ["move"],
            registry,
        )
        self.side_calls = _counters(
            "tierwatch_gateway_side_calls",
            "Requests that programs made beside their conversations, by kind.",
            ["kind"],
            registry,
        )
        self.held_cost = _counters(
            "tierwatch_gateway_held_cost_usd",
            "What held turns cost above the tier that the router chose.",
            ["reason"],
            registry,
        )
        self.pin_lookups = _counters(
            "tierwatch_gateway_pin_lookups",
            "Lookups of a conversation: shared with Redis, late (it was slow), alone (it is away).",
            ["answer"],
            registry,
        )


class CallMetrics:
    """Calls to providers: how they ended, each deployment's state, and what was done for them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.attempts_failed = _counters(
            "tierwatch_gateway_attempts_failed",
            "Calls to providers that gave no answer, by reason.",
            ["tier", "reason"],
            registry,
        )
        self.history_changes = _counters(
            "tierwatch_gateway_history_changes",
            "What was taken out of histories because another model was to read them.",
            ["kind"],
            registry,
        )
        self.unread_events = _counters(
            "tierwatch_gateway_events_unread",
            "Events of streams that passed to their caller and could not be read along.",
            ["tier"],
            registry,
        )
        self.fitted = _counters(
            "tierwatch_gateway_fitted",
            "Answers whose request was changed for the model to take it, by what was done.",
            ["deployment", "what"],
            registry,
        )
        self.refusals = _counters(
            "tierwatch_gateway_refusals",
            "Requests that a deployment refused, by what the refusal was about.",
            ["deployment", "about"],
            registry,
        )
        self.ended = _counters(
            "tierwatch_gateway_deployment_calls",
            "Calls to a deployment (provider/model), by how they ended.",
            ["deployment", "outcome"],
            registry,
        )
        self.in_flight = _gauges(
            "tierwatch_gateway_deployment_in_flight",
            "Calls to a deployment that are under way.",
            ["deployment"],
            registry,
        )
        self.breaker_state = _gauges(
            "tierwatch_gateway_breaker_state",
            "Circuit breaker of a deployment: 0 closed, 1 half-open, 2 open.",
            ["deployment"],
            registry,
        )
        self.cascade = _counters(
            "tierwatch_gateway_cascade",
            "Answers that a cascade checked: accepted, or why not.",
            ["tier", "outcome"],
            registry,
        )


class CacheMetrics:
    """The response cache."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lookups = _counters(
            "tierwatch_gateway_cache_lookups",
            "Lookups in the response cache by what became of them.",
            ["result"],
            registry,
        )
        self.stores = _counters(
            "tierwatch_gateway_cache_stores",
            "Answers for the response cache by what became of them.",
            ["result"],
            registry,
        )


def _counters(
    name: str, what: str, labels: Sequence[str], registry: CollectorRegistry
) -> Callable[..., Counter]:
    return cache(Counter(name, what, labels, registry=registry).labels)


def _gauges(
    name: str, what: str, labels: Sequence[str], registry: CollectorRegistry
) -> Callable[..., Gauge]:
    return cache(Gauge(name, what, labels, registry=registry).labels)
