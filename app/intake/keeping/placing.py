"""Where a call belongs: its tier, its conversation and its moment, as a served exchange.

The watched router chose the tier; what stands here is what the evaluation needs beside that. The
confidences are our own classifier's, of the same prompt, so that another threshold can be replayed;
or the router's, where it logs one (`watch.confidence`).
"""

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from tierwatch.config import Config
from tierwatch.config.watch import names_of, tier_of
from tierwatch.gateway.accept.conversations import Conversations
from tierwatch.intake.calls import Call
from tierwatch.intake.keeping.scored import Scored
from tierwatch.loop.capture.admission.outside import FALLBACK, NO_QUESTION, SIDE_CALL
from tierwatch.loop.capture.exchange import Attempt, ServedExchange, exchange_id_for
from tierwatch.routing.decision import Decision
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import Tier
from tierwatch.store.traced.their_span import reported
from tierwatch.store.watched.seen_thresholds import words_of
from tierwatch.wire.json_values import mapping, objects
from tierwatch.wire.stream_answer import StreamAnswer
from tierwatch.wire.translation import library_request
from tierwatch.wire.usage import estimated_tokens, request_characters

# Clocks differ; a report of the future beyond this is of a wrong one, as is one of the far past.
AHEAD_S: Final = 300.0
BEHIND_S: Final = 30 * 86_400.0
# What is this old was decided by what its router runs with now.
_RECENT_S: Final = 600.0
WATCHED: Final = "watched"
# Names of models and aliases that are remembered with their tier.
_MOST_NAMES: Final = 10_000


class Placed(NamedTuple):
    """A call as an exchange.

    Attributes:
        key: the same for the same call of a source, however often it comes.
        served: the exchange; None where the call is no tier's.
        clock: whether its source's clock cannot be right, so that it counts as of its arrival.
        seen: the thresholds that its router decided by, in one word; "" where it is long ago, or
            its log does not say.
    """

    key: bytes
    served: ServedExchange | None
    clock: bool
    seen: str = ""


class Placing:
    """Places calls. Used by one thread.

    Args:
        config: the whole tierwatch.yaml.
        router: gives the active router; its classifier reads the prompts.
        conversations: tells conversations apart where a source names none.
    """

    def __init__(
        self, config: Config, router: Callable[[], Router], conversations: Conversations
    ) -> None:
        self._tiers = {tier.name: tier for tier in config.tiers}
        self._rank = {name: rank for rank, name in enumerate(self._tiers)}
        self._names = names_of(config.watch, config.tiers)
        self._logged = config.watch.takes_logged
        self._scored = None if config.foreign is None else Scored(config.foreign, config.tiers)
        self._router = router
        self._conversations = conversations
        self._tier_names: dict[str, str] = {}

    def place(self, call: Call, source: str, received_at: float) -> Placed:
        """The call as an exchange. Never raises for what stands in a call.

        Args:
            call: as it was read.
            source: who sent it.
            received_at: seconds since 1970.
        """
        key = hashlib.blake2b(
            f"{source}\0{call.source_id}".encode("utf-8", "replace"), digest_size=16
        ).digest()
        served_tier = self._tier(call.model)
        chosen = self._tiers.get(self._tier(call.asked) or served_tier)
        if chosen is None:
            return Placed(key, None, clock=False)
        right = received_at - BEHIND_S < call.started_at < received_at + AHEAD_S
        at = call.started_at if right else received_at
        tier = self._tiers.get(served_tier) or chosen
        named = exchange_id_for(at, key)
        served = self._served(call, source, chosen=chosen, tier=tier, named=named, at=at)
        return Placed(key, served, clock=not right, seen=self._seen(call, received_at))

    def _seen(self, call: Call, received_at: float) -> str:
        """What its router runs with now, by its log: an old record says nothing of that."""
        if self._scored is None or abs(received_at - call.started_at) > _RECENT_S:
            return ""
        thresholds = self._scored.thresholds(call.boundaries)
        return words_of(thresholds) if thresholds else ""

    def _tier(self, name: str) -> str:
        known = self._tier_names.get(name)
        if known is None:
            known = tier_of(name, self._names) if name else ""
            if len(self._tier_names) < _MOST_NAMES:  # names are other people's
                self._tier_names[name] = known
        return known

    def _served(
        self,
        call: Call,
        source: str,
        *,
        chosen: Tier,
        tier: Tier,
        named: uuid.UUID,
        at: float,
    ) -> ServedExchange:
        """The exchange, by the id and the moment that it goes by here."""
        chat = library_request(call.wire, call.request)
        messages = objects(chat.get("messages"))
        readable = bool(messages) and messages == chat.get("messages")
        chat = {**chat, "messages": messages}
        headers = {b"x-session-id": call.session.encode("utf-8", "replace")} if call.session else {}
        conversation = self._conversations.conversation(
            headers, call.request, chat, f"{source}\0{call.user}".encode("utf-8", "replace")
        )
        prompt, completion = _tokens(call, chat)
        cached, written = call.cached_tokens, call.cache_write_tokens
        cost = call.cost_usd
        if cost is None:
            cost = tier.price.cost_usd(prompt, completion, cached, written)
        uncounted = call.prompt_tokens is None or call.completion_tokens is None
        return ServedExchange(
            exchange_id=named,
            arrived_at=at,
            session=conversation.session,
            request=call.request,
            decision=self._decision(call, chat, messages, chosen),
            served_tier=tier.name,
            served_model=call.model or tier.model,
            provider=call.provider or tier.provider,
            attempts=_attempts(call, tier),
            status=call.status,
            answer=call.answer,
            finish_reason=call.finish_reason,
            finished=call.finished,
            prompt_tokens=prompt,
            completion_tokens=completion,
            tokens_estimated=call.tokens_estimated or uncounted,
            cost_usd=cost,
            latency_ms=call.latency_ms,
            first_byte_ms=call.first_byte_ms or call.latency_ms,
            overhead_ms=0.0,
            cached_tokens=cached,
            cache_write_tokens=written,
            wire=call.wire,
            headers=reported(source, call.their_trace, call.their_span),
            outside=call.outside
            or ("" if readable else NO_QUESTION)
            or (FALLBACK if call.fallbacks else "")
            or (SIDE_CALL if conversation.side_call else ""),
            prompt_version=call.prompt_version,
        )

    def _decision(
        self,
        call: Call,
        chat: Mapping[str, Any],
        messages: Sequence[Mapping[str, Any]],
        tier: Tier,
    ) -> Decision:
        """The watched router's choice, under the confidences that the evaluation goes by.

        The stable policy's: no rollout of ours moves a router that is only watched.
        """
        router = self._router()
        if self._scored is not None:
            return self._scored.decision(call, tier, router.policies)
        if self._logged:
            own = router.failed("not_logged")
            confidence = call.confidence
            if confidence is None:
                return replace(own, tier=tier.name, model=tier.model)
            own = replace(own, label=tier.name, confidences=self._logged_at(tier, confidence))
        else:
            own = router.route(
                messages,
                tools=objects(chat.get("tools")) or None,
                response_format=mapping(chat.get("response_format")) or None,
            )
            if not own.confidences:
                return replace(own, tier=tier.name, model=tier.model)
        found = dict(own.confidences)
        escalated = self._rank[tier.name] > self._rank[own.label]
        compared = own.label if escalated else tier.name
        top = call.confidence if self._logged else own.confidence
        return Decision(
            tier=tier.name,
            model=tier.model,
            confidence=found.get(compared, top or 0.0),
            threshold=None,
            label=own.label,
            escalated=escalated,
            task_type=ALL_TASKS if self._logged else own.task_type,
            policy_version=own.policy_version,
            reason=WATCHED,
            confidences=own.confidences,
        )

    def _logged_at(self, tier: Tier, confidence: float) -> tuple[tuple[str, float], ...]:
        """A label's confidence at each boundary: nothing below it, and certain above it."""
        at = self._rank[tier.name]
        return tuple(
            (name, confidence if rank == at else float(rank > at))
            for name, rank in list(self._rank.items())[:-1]
        )


def _tokens(call: Call, chat: Mapping[str, Any]) -> tuple[int, int]:
    """Tokens of prompt and answer; what nobody counted is estimated from the text."""
    prompt, completion = call.prompt_tokens, call.completion_tokens
    if prompt is None:
        prompt = estimated_tokens(request_characters(chat))
    if completion is None:
        whole = StreamAnswer()
        whole.feed({"choices": [{"delta": call.answer or {}}]})
        completion = estimated_tokens(whole.characters)
    return prompt, completion


def _attempts(call: Call, tier: Tier) -> tuple[Attempt, ...]:
    if not call.error:
        return ()
    model, provider = call.model or tier.model, call.provider or tier.provider
    return (Attempt(tier.name, model, provider, call.status, call.error, call.latency_ms),)
