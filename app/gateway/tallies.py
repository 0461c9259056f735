"""What Prometheus sees of closed exchanges: added up as plain numbers, given out at each scrape.

A counter of prometheus_client takes three calls and a lock to add one number, and an exchange adds
ten: a tenth of what the gateway itself needs for a request. Everything that adds or scrapes here is
the gateway's one event loop, so plain numbers do.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.redaction.prompt_version import is_accepted

# Models take a tenth of a second to minutes; the gateway itself fractions of a millisecond.
_MODEL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_OVERHEAD_SECONDS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1)
_Families = Sequence[CounterMetricFamily]


class _Times:
    """A histogram's buckets and sum."""

    __slots__ = ("_bounds", "counts", "sum_s")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum_s = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(self._bounds, seconds)] += 1
        self.sum_s += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Upper bounds with the number up to each, as Prometheus wants them."""
        names = [*map(str, map(float, self._bounds)), "+Inf"]
        return list(zip(names, map(float, accumulate(self.counts)), strict=True))


class _Tier:
    """What one tier served."""

    __slots__ = (
        "answered",
        "cached",
        "completion",
        "cost_usd",
        "cut",
        "prompt",
        "seconds",
        "statuses",
        "unkept",
    )

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.seconds = _Times(_MODEL_SECONDS)
        self.cost_usd = 0.0
        self.answered = False
        self.prompt = self.completion = self.cached = self.cut = self.unkept = 0

    def add(self, served: ServedExchange) -> None:
        """One more."""
        self.statuses[served.status] = self.statuses.get(served.status, 0) + 1
        self.seconds.add(served.latency_ms / 1000)
        self.cost_usd += served.cost_usd
        if served.answer is not None:
            self.answered = True
            self.prompt += served.prompt_tokens
            self.completion += served.completion_tokens
            self.cached += served.cached_tokens
            self.cut += not served.finished
            self.unkept += not served.kept


class Tallies(Collector):
    """Requests by how they ended, their times, tokens and costs.

    Args:
        registry: where they show.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tiers: dict[str, _Tier] = {}
        self._keys: dict[tuple[str, str], list[float]] = {}
        self._overhead = _Times(_OVERHEAD_SECONDS)
        self._classifier_usd = 0.0
        self._ill_versions = 0
        registry.register(self)

    def add(self, served: ServedExchange, key: str) -> None:
        """Count an exchange.

        Args:
            served: that is closed.
            key: name of the key that its caller showed; empty for none.
        """
        name = served.served_tier
        tier = self._tiers.get(name)
        if tier is None:
            tier = self._tiers[name] = _Tier()
        tier.add(served)
        self._overhead.add(served.overhead_ms / 1000)
        self._classifier_usd += served.classifier_cost_usd
        if served.prompt_version and not is_accepted(served.prompt_version):
            self._ill_versions += 1
        if key:
            of_key = self._keys.setdefault((key, name), [0, 0.0])
            of_key[0] += 1
            of_key[1] += served.cost_usd

    def classified(self, cost_usd: float) -> None:
        """Count what asking the classifier cost for a decision that nothing was served under."""
        self._classifier_usd += cost_usd

    def collect(self) -> Iterator[Metric]:
        """The series, for a scrape."""
        yield from self._by_tier()
        yield self._seconds()
        overhead = HistogramMetricFamily(
            "tierwatch_gateway_overhead_seconds",
            "Time the gateway itself added before the reply began.",
        )
        overhead.add_metric([], self._overhead.buckets(), self._overhead.sum_s)
        yield overhead
        yield from self._by_key()
        spend = _counter(
            "tierwatch_gateway_spend_usd",
            "Spent by this gateway: on serving, and on asking the classifier.",
            "kind",
        )
        if self._tiers or self._classifier_usd:
            serving_usd = sum(tier.cost_usd for tier in self._tiers.values())
            spend.add_metric(["serving"], serving_usd)
            spend.add_metric(["classifier"], self._classifier_usd)
        yield spend
        ignored = _counter(
            "tierwatch_gateway_prompt_versions_ignored",
            "Values of x-prompt-version that are not accepted; their requests were served.",
        )
        ignored.add_metric([], self._ill_versions)
        yield ignored

    def _by_tier(self) -> _Families:
        requests = _counter(
            "tierwatch_gateway_requests",
            "Chat requests by serving tier and HTTP status (499: the caller left).",
            "tier",
            "status",
        )
        tokens = _counter(
            "tierwatch_gateway_tokens",
            "Tokens served; those read from a provider's cache are in the prompt's too.",
            "tier",
            "kind",
        )
        cost = _counter("tierwatch_gateway_cost_usd", "Cost of what was served.", "tier")
        cut = _counter(
            "tierwatch_gateway_replies_cut", "Replies that ended before their end.", "tier"
        )
        unkept = _counter(
            "tierwatch_gateway_replies_unkept",
            "Streamed replies too long to be kept: counted and not sampled.",
            "tier",
        )
        for name, tier in self._tiers.items():
            for status, count in tier.statuses.items():
                requests.add_metric([name, str(status)], count)
            cost.add_metric([name], tier.cost_usd)
            if tier.answered:
                tokens.add_metric([name, "prompt"], tier.prompt)
                tokens.add_metric([name, "completion"], tier.completion)
                tokens.add_metric([name, "cached"], tier.cached)
            if tier.cut:
                cut.add_metric([name], tier.cut)
            if tier.unkept:
                unkept.add_metric([name], tier.unkept)
        return requests, tokens, cost, cut, unkept

    def _seconds(self) -> HistogramMetricFamily:
        seconds = HistogramMetricFamily(
            "tierwatch_gateway_request_seconds",
            "From arrival to the close of the reply.",
            labels=["tier"],
        )
        for name, tier in self._tiers.items():
            seconds.add_metric([name], tier.seconds.buckets(), tier.seconds.sum_s)
        return seconds

    def _by_key(self) -> _Families:
        # Names are those of `gateway.api_keys`, so their number is the file's.
        requests = _counter(
            "tierwatch_gateway_key_requests",
            "Requests by the named key that was shown, and serving tier.",
            "key",
            "tier",
        )
        cost = _counter(
            "tierwatch_gateway_key_cost_usd",
            "Cost of what was served, by the named key that was shown.",
            "key",
            "tier",
        )
        for labels, (count, usd) in self._keys.items():
            requests.add_metric(labels, count)
            cost.add_metric(labels, usd)
        return requests, cost


def _counter(name: str, what: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(name, what, labels=labels)
