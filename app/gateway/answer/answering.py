"""The answering step: which tiers are asked, one after the other, and the pauses between."""

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

from tierwatch.config import Config
from tierwatch.errors import ProviderError
from tierwatch.gateway.answer.ask import Answer, Asker, Errand
from tierwatch.gateway.answer.capable import Capable
from tierwatch.gateway.answer.cascade import Cascade
from tierwatch.gateway.answer.histories import PINNED
from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.answer.question import Question
from tierwatch.gateway.answer.tries import Tries
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.deployments.balancer import Balancer
from tierwatch.gateway.deployments.call import Call
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.route.route import Route
from tierwatch.routing.config.retry import RetrySection
from tierwatch.routing.decision import Decision
from tierwatch.routing.tiers import Tier
from tierwatch.wire.history.tool_watch import ToolWatch
from tierwatch.wire.lean_request import offers_provider_tools
from tierwatch.wire.refusal import Refusal, refusal_for

# A provider that names a time before the next try gets it, up to this: the caller is waiting, and
# a tier above may be free.
_LONGEST_PAUSE_S = 1.0
# Timers end calls some milliseconds early or late.
_SCARCELY_S = 0.02
_NO_RETRY = RetrySection(attempts=0)


class Answering:
    """Gets answers from providers. Used by every request of every wire at once.

    Args:
        config: what is tried after a failure, and the cascade.
        current: the active router, which knows the tiers.
        balancer: chooses between the deployments of a tier.
        asker: makes each call.
        capable: knows what tiers cannot take.
        metrics: counts calls that failed, and what a cascade found.
    """

    def __init__(
        self,
        config: Config,
        current: CurrentRouter,
        *,
        balancer: Balancer,
        asker: Asker,
        capable: Capable,
        metrics: GatewayMetrics,
    ) -> None:
        self._current = current
        self._retry = config.retry
        self._balancer = balancer
        self._asker = asker
        self._capable = capable
        self._failed = metrics.calls.attempts_failed
        self._cascade = (
            None
            if config.cascade is None
            else Cascade(config.cascade, current, metrics.calls.cascade)
        )

    async def answer(self, asked: Asked, route: Route, ledger: Ledger) -> Answer | Refusal:
        """The answer; why there is none when no provider gave one, or one refused the request."""
        route = self._capably_routed(asked, route)
        errand = Errand(asked, route, ledger)
        question = Question(asked.request, asked.chat, asked.streaming)
        ledger.decides(route.decision)
        if offers_provider_tools(asked.wire, asked.request):
            ledger.watches(ToolWatch())
        try:
            if self._cascade is None or _by_model(asked, route.decision):
                return await self._decided(errand, route.decision, question)
            return await self._cascaded(self._cascade, errand, question)
        except ProviderError as error:
            return _too_late(asked) if _is_late(asked, error) else refusal_for(error)

    def _capably_routed(self, asked: Asked, route: Route) -> Route:
        """The route to a tier that can take the request. A model asked for by name stays it."""
        decision = route.decision
        if _by_model(asked, decision):
            return route
        down = decision.reason != PINNED  # a tier's name asks for at least that tier
        settled = self._capable.settled(asked, decision, down=down)
        return route if settled is decision else route._replace(decision=settled)

    async def _cascaded(self, cascade: Cascade, errand: Errand, question: Question) -> Answer:
        async def ask(decision: Decision, question: Question) -> Answer:
            return await self._decided(errand, decision, question)

        async def sample(decision: Decision, tier: Tier, question: Question) -> Answer:
            return await self._climb(errand, [tier], decision, question, _NO_RETRY)

        return await cascade.answer(errand.ledger, errand.route.decision, question, ask, sample)

    def _decided(
        self, errand: Errand, decision: Decision, question: Question
    ) -> Coroutine[Any, Any, Answer]:
        """Ask the tier of a decision, and if its providers fail those that may take its place."""
        climbs = self._retry.escalate and not _by_model(errand.asked, decision)
        held = self._current.router.ladder(decision.policy_version)
        ladder, spare = held.upward[decision.tier], errand.route.spare
        if not climbs:
            ladder = ladder[:1]
        # A cascade may have gone on from the tier that the conversation is held at.
        if spare is not None and decision is errand.route.decision:
            ladder = (*ladder, spare)
        lower = held.downward[decision.tier] if climbs and decision.reason != PINNED else ()
        return self._climb(errand, ladder, decision, question, self._retry, lower=lower)

    async def _climb(
        self,
        errand: Errand,
        ladder: Sequence[Tier],
        decision: Decision,
        question: Question,
        retry: RetrySection,
        *,
        lower: Sequence[Tier] = (),
    ) -> Answer:
        """Ask the first tier, again if it fails, then each tier above it, as ``retry`` says.

        Those that are lower are asked where nobody else can take the request.

        Raises:
            ProviderError: nobody answered (the last failure), or a provider refused the request.
        """
        ledger = errand.ledger
        tries = Tries(
            self._balancer,
            ladder,
            retry,
            errand.route.homes,
            lower=lower,
            takes=partial(self._takes, errand, decision),
        )
        call = tries.first()
        while True:
            ledger.asks(call.tier)
            try:
                return await self._asker.ask(errand, call, question, decision)
            except ProviderError as error:
                self._failed(call.tier.name, error.kind).inc()
                following = tries.after(error)
                pause_s = 0.0 if following is None else self._pause_s(following, error)
                if following is None or errand.asked.left_s <= pause_s:
                    raise
                call = following
                if pause_s > 0:
                    ledger.paused(pause_s)
                    await asyncio.sleep(pause_s)

    def _takes(self, errand: Errand, decision: Decision, tier: Tier) -> bool:
        """Whether a tier may take what its neighbour did not; any may where nobody is known to."""
        asked, lacking = errand.asked, self._capable.lacking
        decided = self._current.router.ladder(decision.policy_version).by_name[decision.tier]
        return not lacking(asked, tier) or bool(lacking(asked, decided))

    def _pause_s(self, call: Call, error: ProviderError) -> float:
        if not call.pauses:
            return 0.0
        return max(self._retry.wait_s, min(error.retry_after_s or 0.0, _LONGEST_PAUSE_S))


def _is_late(asked: Asked, error: ProviderError) -> bool:
    """Whether it is the request's own time that ran out, and not a provider's."""
    return error.kind == "timeout" and error.status is None and asked.left_s <= _SCARCELY_S


def _too_late(asked: Asked) -> Refusal:
    most_s = round(asked.due - asked.started, 3)
    return Refusal(
        504,
        f"No model answered within the {most_s:g} s that this request may take, as its caller or"
        " gateway.deadline says.",
        "api_error",
        "deadline_exceeded",
    )


def _by_model(asked: Asked, decision: Decision) -> bool:
    """A tier's name asks for at least that tier, a model's for that model and no other."""
    return decision.reason == PINNED and asked.called != decision.tier
