"""Conversations: what the gateway remembers of them, and what it does with that.

Around one exchange: `recall` looks up where the conversation stands and who wrote what in it,
`settle` holds the router's decision against that, `fitted` makes the history readable for whoever
is asked, `remember` keeps where it stands now.

Pins are kept by session and by answer. A session may hold several conversations, or a request on
the side for a title, so the pin of the answer that a request goes on from counts before the
session's. Without a session an answer is known again that calls tools, whose results come back, and
one that holds reasoning only its issuer takes back.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from tierwatch.config import Config
from tierwatch.gateway.answer.answers import Asked
from tierwatch.gateway.inbound import Headers, shown_key
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.open_exchange import OpenExchange
from tierwatch.gateway.route.pins import Pins, pin_key
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.routing.content import message_text
from tierwatch.routing.decision import Decision
from tierwatch.routing.stickiness import (
    Pin,
    SessionRules,
    Turn,
    in_tool_exchange,
    settled_turn,
    warm_tokens,
)
from tierwatch.routing.tiers import Tier
from tierwatch.wire.anthropic_wire import request_to_openai
from tierwatch.wire.history import (
    Issuer,
    Reader,
    bound_messages,
    fitted_request,
    heard,
    message_mark,
    with_short_ids,
)
from tierwatch.wire.openai_wire import estimated_tokens, request_characters
from tierwatch.wire.refusal import ANTHROPIC, OPENAI

# Older messages keep their text; whose reasoning they hold is not looked up any more.
_MOST_ISSUERS = 64
PINNED = "pinned"
_NOWHERE: Mapping[str, tuple[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is known of a conversation when a request of it arrives.

    Attributes:
        tenant: digest of the caller's key.
        seed: what tells this conversation from others of the tenant.
        session_key: where its pin is kept; None without a session.
        session_pin: what was there.
        answer_pin: of the answer that the request goes on from, or whose calls it brings results
            of; None for one that nobody remembers.
        warm: whether its prompt was still in the provider's cache then.
        issuers: index of a message as the caller sent it -> who wrote it.
    """

    tenant: bytes
    seed: str
    session_key: str | None = None
    session_pin: Pin | None = None
    answer_pin: Pin | None = None
    warm: bool = False
    issuers: Mapping[int, Issuer] = field(default_factory=dict)


class Conversations:
    """Used by every request of both wires at once.

    Args:
        config: tiers and rules.
        pins: where conversations stand; opened and closed by its owner.
        kind_of: the wire that a provider speaks.
        metrics: what is counted.
        clock: epoch seconds.
        is_healthy: whether a deployment (provider, its name for the model) may be gone back to.
    """

    def __init__(
        self,
        config: Config,
        pins: Pins,
        *,
        kind_of: Callable[[str], str],
        metrics: GatewayMetrics,
        clock: Callable[[], float],
        is_healthy: Callable[[tuple[str, str]], bool],
    ) -> None:
        sessions = config.sessions
        self._rules = SessionRules(sessions.sticky, sessions.idle_s, sessions.cache_s)
        self._tiers = config.tiers
        self._by_name = {tier.name: tier for tier in config.tiers}
        self._pins = pins
        self._kind_of = kind_of
        self._metrics = metrics
        self._clock = clock
        self._is_healthy = is_healthy

    @cached_property
    def _kinds(self) -> Mapping[tuple[str, str], str]:
        """The wire of every (provider, model) that serves a tier."""
        return {
            (one.provider, tier.model): self._kind_of(one.provider)
            for tier in self._tiers
            for one in tier.served_at()
        }

    async def recall(self, exchange: OpenExchange, headers: Headers) -> Recalled:
        """Look up what is known. One look for everything; none where nothing could be known."""
        messages, chat = exchange.request["messages"], exchange.chat["messages"]
        tenant = hashlib.sha256(shown_key(headers)).digest()
        seed = exchange.session if exchange.in_session else _opening(chat)
        last = _last_answer(messages)
        session_key = turn_key = call_key = None
        if exchange.in_session and self._rules.sticky:
            session_key = pin_key(tenant, "session", seed)
            turn_key = _turn_key(tenant, seed, messages[last]) if last >= 0 else None
        if self._rules.sticky and in_tool_exchange(chat):
            call_key = _answer_key(tenant, seed, messages, last)
        bound = {
            index: key
            for index in bound_messages(messages)[-_MOST_ISSUERS:]
            if (key := _answer_key(tenant, seed, messages, index)) is not None
        }
        keys = [
            key for key in (session_key, turn_key, call_key, *bound.values()) if key is not None
        ]
        if not keys:
            return Recalled(tenant, seed)
        # A pin that outlived its time in this process is as good as none.
        now = self._clock()
        oldest = now - self._rules.idle_s
        looked = zip(keys, await self._pins.find(keys), strict=True)
        found = {key: pin for key, pin in looked if pin is not None and pin.seen_at >= oldest}
        answer_pin = found.get(call_key or "") or found.get(turn_key or "")
        return Recalled(
            tenant,
            seed,
            session_key,
            session_pin=found.get(session_key or ""),
            answer_pin=answer_pin,
            warm=answer_pin is not None and now - answer_pin.seen_at <= self._rules.cache_s,
            issuers={
                index: Issuer(found[key].provider, found[key].model)
                for index, key in bound.items()
                if key in found
            },
        )

    def settle(self, exchange: OpenExchange, decision: Decision) -> Decision:
        """The decision to serve: the router's, or the tier the conversation is held at."""
        turn = self.turn(exchange, decision)
        if turn is not None:
            exchange.turn = turn
            self._metrics.session_turns(turn.move).inc()
            return turn.decision
        return decision

    def turn(self, exchange: OpenExchange, decision: Decision) -> Turn | None:
        """What the conversation makes of a decision; None without one."""
        pin = _known_pin(exchange.recalled)
        if pin is None and not exchange.in_session:
            return None
        if pin is not None and not self._is_healthy((pin.provider, pin.deployment)):
            pin = replace(pin, warm_tokens=0)  # another deployment would serve, from the start
        return settled_turn(
            decision,
            pin,
            messages=exchange.chat["messages"],
            tiers=self._tiers,
            rules=self._rules,
            prompt_tokens=estimated_tokens(request_characters(exchange.chat)) if pin else 0,
            now=self._clock(),
        )

    def homes(self, exchange: OpenExchange) -> Mapping[str, tuple[str, str]]:
        """Tier -> (provider, its name for the model) that is asked first.

        The one that has this conversation's prompt warm. Who called the tools whose results come
        now stays the one however long they took: another deployment would not get back the
        reasoning that led to the call.
        """
        recalled = exchange.recalled
        pin = None if recalled is None else recalled.answer_pin
        if recalled is None or pin is None:
            return _NOWHERE
        if not recalled.warm and not in_tool_exchange(exchange.chat["messages"]):
            return _NOWHERE
        return {pin.tier: (pin.provider, pin.deployment)}

    def spare_tier(self, exchange: OpenExchange, decision: Decision) -> Tier | None:
        """Who serves when nobody at or above the held tier answers: the router's own choice.

        Nobody in a tool exchange: there an error that the caller sees beats a lower tier.
        """
        turn = exchange.turn
        if turn is None or not turn.held or turn.move == "tool_exchange":
            return None
        if decision is not turn.decision:  # a cascade has gone on from it
            return None
        return self._by_name[turn.chosen_tier]

    def fitted(
        self, wire: str, exchange: OpenExchange, asked: Asked, tier: Tier
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """What is asked, and its OpenAI form, with a history that the tier's model can take.

        Args:
            wire: the caller's.
            exchange: what is known of the conversation.
            asked: of the provider, for the exchange.
            tier: as it will serve, with its provider.

        Raises:
            ProviderError: kind ``refused`` when the history cannot be said on its wire.
        """
        chat, to = asked.chat, self._kind_of(tier.provider)
        fitted = fitted_request(
            asked.request, wire=wire, to=to, reader=self._reader(wire, exchange, tier)
        )
        for kind, count in fitted.changes.items():
            self._metrics.history_changes(kind).inc(count)
        if wire == OPENAI:
            return fitted.request, fitted.request
        if to == ANTHROPIC:
            return fitted.request, chat
        if fitted.changes:
            chat = {**chat, "messages": request_to_openai(fitted.request)["messages"]}
        return fitted.request, {**chat, "messages": with_short_ids(chat["messages"])}

    def _reader(self, wire: str, exchange: OpenExchange, tier: Tier) -> Reader:
        issuers = {} if exchange.recalled is None else exchange.recalled.issuers
        kinds = self._kinds
        # Where nobody knows who wrote a message, its caller vouches for the model it named; and
        # where one model alone can have written it, that one did.
        able = [who for who, kind in kinds.items() if kind == wire]
        named = exchange.decision is not None and exchange.decision.reason == PINNED
        return Reader(
            tier.provider,
            tier.model,
            issuer_of=issuers.get,
            trusts_unknown=named or able == [(tier.provider, tier.model)],
            mixed=len(set(kinds.values())) > 1,
        )

    def remember(self, exchange: OpenExchange, served: ServedExchange) -> None:
        """Keep where the conversation stands after a whole answer. Memory only."""
        recalled, turn, tier = exchange.recalled, exchange.turn, exchange.tier
        if recalled is None or tier is None or not served.finished or served.answer is None:
            return
        if served.served_tier not in self._by_name:  # the response cache's
            self._keep_place(recalled, served.answer)
            return
        before = _known_pin(recalled)
        place = (served.provider, tier.served_at()[0].model)
        pin = Pin(
            tier=served.served_tier,
            model=served.served_model,
            provider=served.provider,
            seen_at=self._clock(),
            warm_tokens=warm_tokens(
                served.prompt_tokens,
                served.completion_tokens,
                cached_tokens=exchange.usage.cached_tokens,
                cache_write_tokens=exchange.usage.cache_write_tokens,
                was_warm=recalled.warm and self.homes(exchange).get(tier.name) == place,
            ),
            completion_tokens=served.completion_tokens,
            turns=1 if before is None else before.turns + 1,
            deployment=place[1],
        )
        if recalled.session_key is not None:
            self._pins.keep(recalled.session_key, pin)
            turn_key = _turn_key(recalled.tenant, recalled.seed, served.answer)
            if turn_key is not None:
                self._pins.keep(turn_key, pin)
        calls = bool(served.answer.get("tool_calls"))
        if exchange.reasoned or (calls and self._rules.sticky):
            messages = [*exchange.request["messages"], served.answer]
            key = _answer_key(recalled.tenant, recalled.seed, messages, len(messages) - 1)
            if key is not None:
                self._pins.keep(key, pin)
        if turn is not None and turn.held and served.served_tier == turn.decision.tier:
            self._count_holding(served, turn)

    def _keep_place(self, recalled: Recalled, answer: Mapping[str, Any]) -> None:
        """Go on from a cached answer where the conversation stood; nobody has read it meanwhile."""
        key = _turn_key(recalled.tenant, recalled.seed, answer)
        if recalled.session_key is not None and recalled.answer_pin is not None and key is not None:
            self._pins.keep(key, recalled.answer_pin)

    def _count_holding(self, served: ServedExchange, turn: Turn) -> None:
        chosen = self._by_name[turn.chosen_tier].price
        other = chosen.cost_usd(served.prompt_tokens, served.completion_tokens)
        self._metrics.held_cost(turn.move).inc(max(0.0, served.cost_usd - other))


def _turn_key(tenant: bytes, seed: str, answer: Mapping[str, Any]) -> str | None:
    """Where the pin of an answer in a session is kept; None for one that cannot be known again.

    By the answer alone: some clients send what came before it in other words the next time.
    """
    mark = message_mark(answer)
    return None if mark is None else pin_key(tenant, "turn", seed, mark)


def _answer_key(
    tenant: bytes, seed: str, messages: Sequence[Mapping[str, Any]], index: int
) -> str | None:
    """Where the pin of the answer at this index is kept; None for one that cannot be known again.

    The answer may be in OpenAI's form or the caller's; what came before it is in the caller's.
    """
    mark = message_mark(messages[index]) if index >= 0 else None
    if mark is None:
        return None
    before = heard(messages[index - 1]) if index else ""
    return pin_key(tenant, "answer", seed, before, mark)


def _known_pin(recalled: Recalled | None) -> Pin | None:
    """Where the conversation stands: its last answer's pin, else the session's, nothing warm."""
    if recalled is None:
        return None
    session = recalled.session_pin
    return recalled.answer_pin or (session and replace(session, warm_tokens=0))


def _opening(messages: Sequence[Mapping[str, Any]]) -> str:
    """The first words of the user: they tell conversations without a session apart, nearly."""
    first = next((message for message in messages if message.get("role") == "user"), None)
    return "" if first is None else message_text(first)


def _last_answer(messages: Sequence[Mapping[str, Any]]) -> int:
    """Index of the last assistant message; -1 where there is none."""
    places = range(len(messages) - 1, -1, -1)
    return next((place for place in places if messages[place].get("role") == "assistant"), -1)
