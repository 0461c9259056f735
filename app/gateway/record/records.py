"""The last step: what became of an exchange is handed over, kept and counted, once."""

from collections.abc import Sequence

from prometheus_client import Counter

from tierwatch.gateway.answer.ledger import ABANDONED, Ledger
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.metrics import TrafficMetrics
from tierwatch.gateway.record.cache_writer import CacheWriter
from tierwatch.gateway.record.places import Places
from tierwatch.gateway.record.served import served_exchange
from tierwatch.gateway.reply.sent import Sent
from tierwatch.gateway.route.route import ClassifierBill, Route
from tierwatch.loop.capture.exchange import Recorder, ServedExchange
from tierwatch.routing.tiers import Tier


class Records:
    """Records exchanges. Used by every request of both wires at once. Never waits.

    Args:
        tiers: by which an exchange counts that no provider was asked for.
        current: the active router.
        recorder: is given every exchange.
        places: where conversations stand.
        cache: keeps answers for the next who asks.
        metrics: what is counted.
    """

    def __init__(
        self,
        tiers: Sequence[Tier],
        *,
        current: CurrentRouter,
        recorder: Recorder,
        places: Places,
        cache: CacheWriter,
        metrics: TrafficMetrics,
    ) -> None:
        self._tiers = {tier.name: tier for tier in tiers}
        self._current = current
        self._recorder = recorder
        self._places = places
        self._cache = cache
        self._metrics = metrics

    def close(
        self,
        asked: Asked,
        route: Route | None,
        *,
        bill: ClassifierBill,
        ledger: Ledger,
        sent: Sent,
    ) -> None:
        """Record an exchange whose reply is closed, whatever became of it.

        Args:
            asked: by the caller.
            route: that was chosen; None for a caller who left before.
            bill: what the classifier cost.
            ledger: calls to providers.
            sent: what the caller got.
        """
        decision = ledger.decision or (asked.pinned if route is None else route.decision)
        if decision is None:
            decision = self._current.router.failed(ABANDONED, asked.session)
        cache_tier = None if route is None else route.cache_tier
        tier = cache_tier or ledger.tier or self._tiers[decision.tier]
        served = served_exchange(
            asked, decision, tier, ledger=ledger, sent=sent, classifier_cost_usd=bill.cost_usd
        )
        self._recorder.record(served)
        if asked.caller:
            self._metrics.by_key(asked.caller, served.served_tier).inc()
            self._metrics.cost_by_key(asked.caller, served.served_tier).inc(served.cost_usd)
        if route is not None and sent.said is not None:
            self._places.keep(
                asked, route, served, tier=tier, usage=sent.said.usage, reasoned=ledger.reasoned
            )
            self._cache.keep(route.lookup, served)
        count(self._metrics, served)


def count(metrics: TrafficMetrics, served: ServedExchange) -> None:
    """Count an exchange for Prometheus."""
    tier = served.served_tier
    metrics.requests(tier, str(served.status)).inc()
    metrics.latency(tier).observe(served.latency_ms / 1000)
    metrics.overhead.observe(served.overhead_ms / 1000)
    metrics.cost(tier).inc(served.cost_usd)
    metrics.spend("serving").inc(served.cost_usd)
    _add(metrics.spend("classifier"), served.classifier_cost_usd)
    if served.answer is not None:
        metrics.tokens(tier, "prompt").inc(served.prompt_tokens)
        metrics.tokens(tier, "completion").inc(served.completion_tokens)
        _add(metrics.tokens(tier, "cached"), served.cached_tokens)
        if not served.finished:
            metrics.replies_cut(tier).inc()
        if not served.kept:
            metrics.unkept(tier).inc()


def _add(counter: Counter, amount: float) -> None:
    """Add what is mostly 0; the series shows from the first request on all the same."""
    if amount:
        counter.inc(amount)
