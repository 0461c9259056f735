"""The routing step: recall the conversation, decide, and hold the one against the other."""

from collections.abc import Sequence

from tierwatch.gateway.asked import Asked
from tierwatch.gateway.cache.lookup import Lookup
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.route.decide import Decider
from tierwatch.gateway.route.recall import Recall, Recalled
from tierwatch.gateway.route.route import ClassifierBill, Route
from tierwatch.gateway.route.turns import Turns, homes
from tierwatch.routing.decision import Decision
from tierwatch.routing.tiers import CACHE_TIER, Price, Tier
from tierwatch.wire.cached_reply import CachedAnswer


class Routes:
    """Chooses how requests are answered. Used by every request of every wire at once.

    Args:
        tiers: cheapest first.
        recall: what is known of conversations.
        decider: the router's decisions.
        turns: what conversations make of them.
        metrics: counts turns, and what became of hits in the cache.
    """

    def __init__(
        self,
        tiers: Sequence[Tier],
        *,
        recall: Recall,
        decider: Decider,
        turns: Turns,
        metrics: GatewayMetrics,
    ) -> None:
        self._rank = {tier.name: rank for rank, tier in enumerate(tiers)}
        self._recall = recall
        self._decider = decider
        self._turns = turns
        self._counted = metrics.cache.lookups
        self._counted_turns = metrics.routing.session_turns
        self._side_calls = metrics.routing.side_calls

    async def choose(self, asked: Asked, lookup: Lookup, bill: ClassifierBill) -> Route:
        """How a request is to be answered; from the cache where its answer is good enough now."""
        if asked.side_call:
            self._side_calls(asked.side_call).inc()
        recalled = await self._recall.recall(asked)
        decision = asked.pinned
        if lookup.answer is not None:
            again = decision or await self._decider.decide_again(asked, lookup.answer, bill)
            serves = None if again is None else self._would_serve(asked, recalled, again)
            if serves is not None and self._is_enough(lookup.answer, serves):
                self._counted(lookup.status).inc()
                return _cached(serves, lookup, lookup.answer, recalled)
            self._counted("stale").inc()
            lookup = lookup.refused()
            if not self._decider.asks_a_model:
                decision = again  # not decided a second time
        if decision is None:
            decision = await self._decider.decide(asked, bill)
        return self._settled(asked, lookup, recalled, decision)

    async def preview(self, asked: Asked, bill: ClassifierBill) -> Decision:
        """The decision that a request would be served under; nothing is counted as a turn."""
        recalled = await self._recall.recall(asked)
        decision = asked.pinned or await self._decider.decide(asked, bill)
        turn = self._turns.turn(asked, recalled, decision)
        return decision if turn is None else turn.decision

    def _would_serve(self, asked: Asked, recalled: Recalled, decision: Decision) -> Decision:
        """The decision that would be served now, were there no cache.

        The router's, or that of the tier which the conversation is held at, unless for a warm
        prompt cache alone: that is a matter of price, and this answer is free.
        """
        turn = self._turns.turn(asked, recalled, decision)
        return decision if turn is None or turn.move == "warm_cache" else turn.decision

    def _is_enough(self, answer: CachedAnswer, serves: Decision) -> bool:
        """Whether an answer that was given before is of the tier that would serve, or better."""
        return self._rank.get(answer.tier, -1) >= self._rank[serves.tier]

    def _settled(
        self, asked: Asked, lookup: Lookup, recalled: Recalled, decision: Decision
    ) -> Route:
        turn = self._turns.turn(asked, recalled, decision)
        if turn is not None:
            self._counted_turns(turn.move).inc()
            decision = turn.decision
        spare = None if turn is None else self._turns.spare(turn)
        return Route(decision, lookup, recalled, turn, homes(asked, recalled), spare, None)


def _cached(serves: Decision, lookup: Lookup, answer: CachedAnswer, recalled: Recalled) -> Route:
    return Route(
        decision=serves,
        lookup=lookup,
        recalled=recalled,
        turn=None,
        homes={},
        spare=None,
        cache_tier=Tier(CACHE_TIER, answer.model, CACHE_TIER, Price(0.0, 0.0)),
    )
