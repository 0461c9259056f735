"""The last step: what became of an exchange is handed over, kept and counted, once."""

from tierwatch.gateway.answer.ledger import ABANDONED, Ledger
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.memory.kept_responses import KeptResponses
from tierwatch.gateway.metrics import TrafficMetrics
from tierwatch.gateway.record.cache_writer import CacheWriter
from tierwatch.gateway.record.places import Places
from tierwatch.gateway.record.response_keeper import keep_response
from tierwatch.gateway.record.served import served_exchange
from tierwatch.gateway.reply.sent import Sent
from tierwatch.gateway.route.route import ClassifierBill, Route
from tierwatch.loop.capture.exchange import Recorder
from tierwatch.routing.decision import Decision
from tierwatch.routing.tiers import Tier


class Records:
    """Records exchanges. Used by every request of every wire at once. Never waits.

    Args:
        current: the active router; by its tiers an exchange counts that no provider was asked for.
        recorder: is given every exchange.
        places: where conversations stand.
        cache: keeps answers for the next who asks.
        responses: keeps them for who goes on from them.
        metrics: what is counted.
    """

    def __init__(
        self,
        *,
        current: CurrentRouter,
        recorder: Recorder,
        places: Places,
        cache: CacheWriter,
        responses: KeptResponses,
        metrics: TrafficMetrics,
    ) -> None:
        self._current = current
        self._recorder = recorder
        self._places = places
        self._cache = cache
        self._responses = responses
        self._tallies = metrics.served

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
        tier = cache_tier or ledger.tier or self._tier(decision)
        served = served_exchange(
            asked, decision, tier, ledger=ledger, sent=sent, classifier_cost_usd=bill.cost_usd
        )
        self._recorder.record(served)
        if route is not None and sent.said is not None:
            self._places.keep(
                asked, route, served, tier=tier, usage=sent.said.usage, reasoned=ledger.reasoned
            )
            self._cache.keep(route.lookup, served)
            if sent.response is not None:
                keep_response(self._responses, asked, served, sent.response)
        self._tallies.add(served, asked.caller)

    def _tier(self, decision: Decision) -> Tier:
        return self._current.router.ladder(decision.policy_version).by_name[decision.tier]
