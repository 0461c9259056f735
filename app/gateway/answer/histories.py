"""A conversation's history, made readable for the model that is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from tierwatch.gateway.answer.question import Question
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.route.route import Route
from tierwatch.routing.decision import Decision
from tierwatch.routing.tiers import Tier
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.history.reader import Reader
from tierwatch.wire.translation import fitted_request
from tierwatch.wire.wires import WIRES

PINNED = "pinned"
# A provider and a caller's wire -> the wire of a call.
Spoken = Mapping[tuple[str, str], str]


class Histories:
    """Fits histories to who reads them. Used by every request at once.

    Args:
        tiers: with their deployments.
        spoken: the wires of calls.
        metrics: counts what is taken out.
    """

    def __init__(self, tiers: Sequence[Tier], spoken: Spoken, metrics: GatewayMetrics) -> None:
        self._spoken = spoken
        self._changed = metrics.calls.history_changes
        # Every (provider, model) that serves a tier.
        served = {(one.provider, tier.model): None for tier in tiers for one in tier.served_at()}
        self._mixed = len({spoken[provider, OPENAI] for provider, _ in served}) > 1
        self._able = {
            wire: [who for who in served if spoken[who[0], wire] == wire] for wire in WIRES
        }

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
        # Where nobody knows who wrote a message, its caller vouches for the model it named; and
        # where one model alone can have written it, that one did.
        alone = self._able[wire] == [(tier.provider, tier.model)]
        return Reader(
            tier.provider,
            tier.model,
            issuer_of=route.recalled.issuers.get,
            trusts_unknown=decision.reason == PINNED or alone,
            mixed=self._mixed,
        )
