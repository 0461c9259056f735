"""A conversation's history, made readable for the model that is asked."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tierwatch.gateway.answer.question import Question
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.route.route import Route
from tierwatch.routing.decision import Decision
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import Tier
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.history.reader import Reader
from tierwatch.wire.translation import fitted_request
from tierwatch.wire.wires import WIRES

PINNED = "pinned"
# A provider and a caller's wire -> the wire of a call.
Spoken = Mapping[tuple[str, str], str]


class _Writers(NamedTuple):
    """Who may have written a history.

    Attributes:
        router: under which.
        mixed: whether they speak several wires.
        able: a caller's wire -> the (provider, model)s that are called on it.
    """

    router: Router
    mixed: bool
    able: Mapping[str, list[tuple[str, str]]]


class Histories:
    """Fits histories to who reads them. Used by every request at once.

    Args:
        current: the active router, which knows the tiers and who serves them.
        spoken: the wires of calls.
        metrics: counts what is taken out.
    """

    def __init__(self, current: CurrentRouter, spoken: Spoken, metrics: GatewayMetrics) -> None:
        self._spoken = spoken
        self._changed = metrics.calls.history_changes
        self._current = current
        self._writers = self._writers_under(current.router)

    def _writers_under(self, router: Router) -> _Writers:
        """Every (provider, model) that serves a tier, under whichever policy."""
        tiers, spoken = router.every_tier, self._spoken
        served = {(one.provider, tier.model): None for tier in tiers for one in tier.served_at()}
        return _Writers(
            router,
            len({spoken[provider, OPENAI] for provider, _ in served}) > 1,
            {wire: [who for who in served if spoken[who[0], wire] == wire] for wire in WIRES},
        )

    def fitted(
        self, question: Question, asked: Asked, route: Route, decision: Decision, tier: Tier
    ) -> Mapping[str, Any]:
        """The question on the caller's wire, its history as the tier's model can take it.

        Args:
            question: for the provider.
            asked: by the caller.
            route: what is known of the conversation.
            decision: under which the tier is asked.
            tier: as it will serve, with its provider.
        """
        to = self._spoken[tier.provider, asked.wire]
        reader = self._reader(asked.wire, route, decision, tier)
        fitted = fitted_request(question.request, wire=asked.wire, to=to, reader=reader)
        if fitted.changes:
            for kind, count in fitted.changes.items():
                self._changed(kind).inc(count)
        return fitted.request

    def _reader(self, wire: str, route: Route, decision: Decision, tier: Tier) -> Reader:
        writers = self._writers
        if writers.router is not self._current.router:  # swapped when a policy changes
            writers = self._writers = self._writers_under(self._current.router)
        # Where nobody knows who wrote a message, its caller vouches for the model it named; and
        # where one model alone can have written it, that one did.
        alone = writers.able[wire] == [(tier.provider, tier.model)]
        return Reader(
            tier.provider,
            tier.model,
            issuer_of=route.recalled.issuers.get,
            trusts_unknown=decision.reason == PINNED or alone,
            mixed=writers.mixed,
        )
