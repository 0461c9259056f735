"""What the gateway counts for Prometheus. Labels are bounded: tiers, statuses and reasons."""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# Models take a tenth of a second to minutes; the gateway itself fractions of a millisecond.
_MODEL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_OVERHEAD_SECONDS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1)


class GatewayMetrics:
    """The gateway's series, in one registry.

    Children are looked up once for each combination of labels: `labels()` takes a lock and builds
    a key on every call, which the request path need not pay for.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.in_flight = Gauge(
            "tierwatch_requests_in_flight", "Requests being served.", registry=registry
        )
        self.overhead = Histogram(
            "tierwatch_overhead_seconds",
            "Time the gateway itself added before the reply began.",
            buckets=_OVERHEAD_SECONDS,
            registry=registry,
        )
        self.policy_version = Gauge(
            "tierwatch_policy_version", "Version of the stable policy in force.", registry=registry
        )
        self.policy_poll_failures = Counter(
            "tierwatch_policy_poll_failures",
            "Looks for a new policy that failed; the last known one stays in force.",
            registry=registry,
        )
        self.model_version = Gauge(
            "tierwatch_model_version",
            "Version of the learned model in force; 0 for the configured classifier.",
            registry=registry,
        )
        self.models_refused = Counter(
            "tierwatch_models_refused",
            "Looks at a learned model that was corrupt, foreign or missing; the last one decides.",
            registry=registry,
        )
        self.feedback = Counter(
            "tierwatch_feedback", "Feedback by what became of it.", ["status"], registry=registry
        )
        self._requests = Counter(
            "tierwatch_requests",
            "Chat requests by serving tier and HTTP status (499: the caller left).",
            ["tier", "status"],
            registry=registry,
        )
        self._refused = Counter(
            "tierwatch_requests_refused",
            "Requests refused before they were routed.",
            ["status"],
            registry=registry,
        )
        self._unfinished = Counter(
            "tierwatch_replies_cut",
            "Replies that ended before their end.",
            ["tier"],
            registry=registry,
        )
        self._latency = Histogram(
            "tierwatch_request_seconds",
            "From arrival to the close of the reply.",
            ["tier"],
            buckets=_MODEL_SECONDS,
            registry=registry,
        )
        self._tokens = Counter(
            "tierwatch_tokens",
            "Tokens served; those read from a provider's cache are in the prompt's too.",
            ["tier", "kind"],
            registry=registry,
        )
        self._cost = Counter(
            "tierwatch_cost_usd", "Cost of what was served.", ["tier"], registry=registry
        )
        self._spend = Counter(
            "tierwatch_spend_usd",
            "Spent by this gateway: on serving, and on asking the classifier.",
            ["kind"],
            registry=registry,
        )
        self._failed_attempts = Counter(
            "tierwatch_attempts_failed",
            "Calls to providers that gave no answer, by reason.",
            ["tier", "reason"],
            registry=registry,
        )
        self._classifier_failures = Counter(
            "tierwatch_classifier_failures",
            "Requests that went to the default tier because the classifier failed.",
            ["reason"],
            registry=registry,
        )
        self._session_turns = Counter(
            "tierwatch_session_turns",
            "Turns of conversations: new, same, up or down, or why they were held at their tier.",
            ["move"],
            registry=registry,
        )
        self._held_cost = Counter(
            "tierwatch_held_cost_usd",
            "What held turns cost above the tier that the router chose.",
            ["reason"],
            registry=registry,
        )
        self._history_changes = Counter(
            "tierwatch_history_changes",
            "What was taken out of histories because another model was to read them.",
            ["kind"],
            registry=registry,
        )
        self._pin_looks = Counter(
            "tierwatch_pin_looks",
            "Looks for a conversation: shared with Redis, late (it was slow), alone (it is away).",
            ["answer"],
            registry=registry,
        )
        self._deployment_calls = Counter(
            "tierwatch_deployment_calls",
            "Calls to a deployment (provider/model), by how they ended.",
            ["deployment", "outcome"],
            registry=registry,
        )
        self._deployment_in_flight = Gauge(
            "tierwatch_deployment_in_flight",
            "Calls to a deployment that are under way.",
            ["deployment"],
            registry=registry,
        )
        self._breaker_state = Gauge(
            "tierwatch_breaker_state",
            "Circuit breaker of a deployment: 0 closed, 1 half-open, 2 open.",
            ["deployment"],
            registry=registry,
        )
        self._cascade = Counter(
            "tierwatch_cascade",
            "Answers that a cascade checked: accepted, or why not.",
            ["tier", "outcome"],
            registry=registry,
        )
        self._cache_looks = Counter(
            "tierwatch_cache_looks",
            "Looks into the response cache by what became of them.",
            ["result"],
            registry=registry,
        )
        self._cache_stores = Counter(
            "tierwatch_cache_stores",
            "Answers for the response cache by what became of them.",
            ["result"],
            registry=registry,
        )
        # cache() on the bound lookups: labels are bounded, so the caches are too.
        self.requests = cache(self._requests.labels)
        self.refused = cache(self._refused.labels)
        self.replies_cut = cache(self._unfinished.labels)
        self.latency = cache(self._latency.labels)
        self.tokens = cache(self._tokens.labels)
        self.cost = cache(self._cost.labels)
        self.spend = cache(self._spend.labels)
        self.attempts_failed = cache(self._failed_attempts.labels)
        self.classifier_failures = cache(self._classifier_failures.labels)
        self.session_turns = cache(self._session_turns.labels)
        self.held_cost = cache(self._held_cost.labels)
        self.history_changes = cache(self._history_changes.labels)
        self.pin_looks = cache(self._pin_looks.labels)
        self.deployment_calls = cache(self._deployment_calls.labels)
        self.deployment_in_flight = cache(self._deployment_in_flight.labels)
        self.breaker_state = cache(self._breaker_state.labels)
        self.cascade = cache(self._cascade.labels)
        self.cache_looks = cache(self._cache_looks.labels)
        self.cache_stores = cache(self._cache_stores.labels)
