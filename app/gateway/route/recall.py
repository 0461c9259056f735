"""What is known of a conversation when a request of it arrives.

Pins are kept by session and by answer. A session may hold several conversations, so the pin of the
answer that a request goes on from counts before the session's. The session's own counts only where
the caller named it: two people who begin with the same words share the name that is made of them,
and an answer of one is nobody else's. Whatever the session, an answer is known again that calls
tools, whose results come back, and one that holds reasoning only its issuer takes back.

A side call goes on from the same answers, whose prompt is warm for it, and leaves no place behind.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from tierwatch.gateway.asked import Asked
from tierwatch.gateway.memory.pin_keys import answer_key, session_key, tenant_digest, turn_key
from tierwatch.gateway.memory.pins import Pins
from tierwatch.routing.stickiness import Pin, SessionRules, in_tool_exchange
from tierwatch.wire.history.bound import bound_messages
from tierwatch.wire.history.reader import Issuer
from tierwatch.wire.wires import WIRES

# Older messages keep their text; whose reasoning they hold is not looked up any more.
_MOST_ISSUERS = 64


class Recalled(NamedTuple):
    """What is known of a conversation.

    Attributes:
        tenant: digest of the caller's key.
        seed: what tells this conversation from others of the tenant.
        session_key: where its pin is kept; None where nobody named the conversation, and for a call
            beside it.
        keeps_turns: whether the answer to come is to be known again as its last one.
        answer_pin: of the answer that the request goes on from, or whose calls it brings results
            of; None for one that nobody remembers.
        pin: where the conversation stands: that answer's pin, else the session's, not warm.
        warm: whether its prompt was still in the provider's cache then.
        issuers: index of a message as the caller sent it -> who wrote it.
    """

    tenant: bytes
    seed: str
    session_key: str | None = None
    keeps_turns: bool = False
    answer_pin: Pin | None = None
    pin: Pin | None = None
    warm: bool = False
    issuers: Mapping[int, Issuer] = MappingProxyType({})


class Recall:
    """Looks conversations up. Used by every request of every wire at once.

    Args:
        pins: where conversations stand; opened and closed by its owner.
        rules: whether they are held, and how long a pin and a provider's cache last.
        clock: epoch seconds.
    """

    def __init__(self, pins: Pins, rules: SessionRules, clock: Callable[[], float]) -> None:
        self._pins = pins
        self._rules = rules
        self._clock = clock

    async def recall(self, asked: Asked) -> Recalled:
        """Look up what is known, all at once; nothing is looked up where nothing can be known."""
        messages, chat = WIRES[asked.wire].messages_of(asked.request), asked.chat["messages"]
        tenant = tenant_digest(asked.key)
        seed, last = asked.session, _last_answer(messages)
        if last < 0 and not asked.in_session:
            return Recalled(tenant, seed)  # as most are: one turn, and nobody named it
        by_session = by_turn = by_call = None
        # One that nobody named is one from its second turn on: most requests have no second.
        keeps_turns = self._rules.sticky and not asked.side_call and (asked.in_session or last >= 0)
        if keeps_turns and asked.in_session:
            by_session = session_key(tenant, seed)
        if self._rules.sticky and last >= 0:
            by_turn = turn_key(tenant, seed, messages[last])
        if self._rules.sticky and in_tool_exchange(chat):
            by_call = answer_key(tenant, seed, messages, last)
        bound = {
            index: key
            for index in bound_messages(messages)[-_MOST_ISSUERS:]
            if (key := answer_key(tenant, seed, messages, index)) is not None
        }
        wanted = (by_session, by_turn, by_call, *bound.values())
        keys = [key for key in wanted if key is not None]
        if not keys:
            return Recalled(tenant, seed, keeps_turns=keeps_turns)
        now = self._clock()
        # A pin that outlived its time in this process is as good as none.
        oldest = now - self._rules.idle_s
        pins = zip(keys, await self._pins.find(keys), strict=True)
        found = {key: pin for key, pin in pins if pin is not None and pin.seen_at >= oldest}
        answer_pin = found.get(by_call or "") or found.get(by_turn or "")
        session_pin = found.get(by_session or "")
        pin = answer_pin or (session_pin and replace(session_pin, warm_tokens=0))
        return Recalled(
            tenant,
            seed,
            by_session,
            keeps_turns,
            answer_pin=answer_pin,
            pin=pin,
            warm=answer_pin is not None and now - answer_pin.seen_at <= self._rules.cache_s,
            issuers={
                index: Issuer(found[key].provider, found[key].model)
                for index, key in bound.items()
                if key in found
            },
        )


def _last_answer(messages: Sequence[Mapping[str, Any]]) -> int:
    """Index of the last assistant message; -1 where there is none."""
    for place in range(len(messages) - 1, -1, -1):
        if messages[place].get("role") == "assistant":
            return place
    return -1
