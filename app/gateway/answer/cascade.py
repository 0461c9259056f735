"""The cascade: a tier's answer is checked, and what fails is answered by the next tier up.

All of it happens before the caller has seen a byte, so a caller who streams waits for the whole
cheap answer. What was asked beside the answer that is served is paid for all the same, and counted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from prometheus_client import Counter

from tierwatch.errors import ProviderError
from tierwatch.gateway.answer.answer import Whole
from tierwatch.gateway.answer.answer_faults import structure_fault
from tierwatch.gateway.answer.begun import Begun
from tierwatch.gateway.answer.final_answers import final_answer
from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.answer.question import Question
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.routing.config.cascade import CascadeSection
from tierwatch.routing.decision import Decision
from tierwatch.routing.tiers import Tier

# A decision whose reason begins so was moved up by a check and not by a threshold.
REASON = "cascade:"
_DISAGREE = "disagree"

# Asks the tier of a decision, and those above it if that tier's providers fail.
AskDecided = Callable[[Decision, Question], Awaitable[Whole | Begun]]
AskSample = Callable[[Question], Awaitable[Whole | Begun]]
# Asks one tier and no other, under a decision.
AskTier = Callable[[Decision, Tier, Question], Awaitable[Whole | Begun]]


class Cascade:
    """Which answers are checked, how, and what follows. Used by every request at once.

    Args:
        section: the configuration.
        current: the active router, which knows the tiers.
        counted: what became of each checked answer, by tier and outcome.
    """

    def __init__(
        self, section: CascadeSection, current: CurrentRouter, counted: Callable[..., Counter]
    ) -> None:
        self._section = section
        self._current = current
        self._counted = counted

    async def answer(
        self,
        ledger: Ledger,
        decision: Decision,
        question: Question,
        ask: AskDecided,
        sample: AskTier,
    ) -> Whole | Begun:
        """The first answer that passes its check, or that of a tier which is not checked.

        The ledger says under which decision. When every provider of the tier above fails, the
        answer that had a fault is served after all: it is more than an error.

        Args:
            ledger: every answer is entered in it.
            decision: the router's.
            question: what the caller asked for.
            ask: asks for an answer under a decision.
            sample: asks one tier for a further answer to compare.

        Raises:
            ProviderError: nobody answered, or a provider refused the request.
        """
        faulty: Whole | None = None
        left = decision
        try:
            while self._covers(decision, question.chat):
                answer = await ask(decision, question.whole())
                if isinstance(answer, Begun) or answer.tier.name != decision.tier:
                    return answer  # of a tier above, since this one is down: nobody's choice
                ledger.pays(answer)
                fault = await self._fault(ledger, decision, answer, question, sample)
                self._counted(decision.tier, fault or "accepted").inc()
                if not fault:
                    return ledger.takes(answer, decision)
                faulty, left = answer, decision
                decision = self._escalated(decision, fault)
                ledger.decides(decision)
            return await ask(decision, question)
        except ProviderError:
            if faulty is None:
                raise
        return ledger.takes(faulty, left)

    def _covers(self, decision: Decision, chat: Mapping[str, Any]) -> bool:
        """Several choices at once are left alone: which of them would be checked?"""
        return decision.tier in self._section.tiers and (chat.get("n") or 1) == 1

    async def _fault(
        self,
        ledger: Ledger,
        decision: Decision,
        answer: Whole,
        question: Question,
        sample: AskTier,
    ) -> str:
        """What is wrong with an answer, in one word; empty when nothing is."""
        reply, chat = answer.reply, question.chat
        fault = structure_fault(reply.message, reply.finish_reason, chat)
        if fault or self._section.check != "self_consistency":
            return fault
        served = final_answer(reply.message, chat)
        if served is None:
            return ""  # prose: nothing to compare, so nobody is asked
        ladder = self._current.router.ladder(decision.policy_version)
        tier = ladder.by_name[answer.tier.name]

        async def one(question: Question) -> Whole | Begun:
            return await sample(decision, tier, question)

        try:
            with ledger.side_by_side():
                votes = await asyncio.gather(
                    *(
                        self._vote(ledger, question.whole(), one)
                        for _ in range(self._section.samples - 1)
                    )
                )
        finally:
            ledger.asks(answer.tier)
        # A vote that failed agrees with nobody.
        said = [final_answer(vote.reply.message, chat) for vote in votes if vote is not None]
        share = (1 + said.count(served)) / self._section.samples
        return "" if round(share, 2) >= self._section.agree else _DISAGREE

    async def _vote(self, ledger: Ledger, question: Question, one: AskSample) -> Whole | None:
        try:  # where a model takes no temperature, its refusal teaches to leave it out
            vote = await one(question.varied(self._section.temperature))
        except ProviderError:
            return None
        if isinstance(vote, Begun):
            raise TypeError  # pragma: no cover - a vote is not streamed
        ledger.pays(vote)
        return vote

    def _escalated(self, decision: Decision, fault: str) -> Decision:
        """The decision for the next tier up.

        Its confidences end at the tier that was left: nothing was compared above it.
        """
        above = self._current.router.ladder(decision.policy_version).above[decision.tier]
        names = [name for name, _ in decision.confidences]
        kept = names.index(decision.tier) + 1 if decision.tier in names else len(names)
        return replace(
            decision,
            tier=above.name,
            model=above.model,
            escalated=True,
            reason=f"{REASON}{fault}",
            confidences=decision.confidences[:kept],
        )
