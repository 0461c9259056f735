"""Keeping where a conversation stands, for the request that goes on from this one."""

from collections.abc import Callable, Mapping
from typing import Any

from tierwatch.gateway.asked import Asked
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.memory.pin_keys import answer_key, turn_key
from tierwatch.gateway.memory.pins import Pins
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.route.recall import Recalled
from tierwatch.gateway.route.route import Route
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.routing.stickiness import Pin, SessionRules, Turn, warm_tokens
from tierwatch.routing.tiers import Tier
from tierwatch.wire.usage import Usage
from tierwatch.wire.wires import WIRES


class Places:
    """Keeps conversations' places. Used by every request of every wire at once.

    Args:
        current: the active router, which knows the tiers that conversations may stand at.
        pins: where places are kept.
        rules: whether conversations are held.
        clock: epoch seconds.
        metrics: counts what holding cost.
    """

    def __init__(
        self,
        current: CurrentRouter,
        *,
        pins: Pins,
        rules: SessionRules,
        clock: Callable[[], float],
        metrics: GatewayMetrics,
    ) -> None:
        self._current = current
        self._pins = pins
        self._sticky = rules.sticky
        self._clock = clock
        self._held_cost = metrics.routing.held_cost

    def keep(
        self,
        asked: Asked,
        route: Route,
        served: ServedExchange,
        *,
        tier: Tier,
        usage: Usage,
        reasoned: bool,
    ) -> None:
        """Keep where the conversation stands after a whole answer. Memory only.

        Args:
            asked: by the caller.
            route: what was known of the conversation.
            served: nothing is kept of an answer that is not whole.
            tier: that served, as its deployment does.
            usage: what the provider counted.
            reasoned: whether the answer seems to hold reasoning.
        """
        recalled, answer = route.recalled, served.answer
        if not served.finished or not served.kept or answer is None:
            return
        if route.cache_tier is not None:
            self._keep_place(recalled, answer)
            return
        known_again = reasoned or (bool(answer.get("tool_calls")) and self._sticky)
        if known_again or recalled.keeps_turns:
            keys = self._keys(asked, recalled, answer, known_again=known_again)
            pin = self._pin(route, served, tier, usage)
            for key in keys:
                self._pins.keep(key, pin)
        turn = route.turn
        if turn is not None and turn.held and served.served_tier == turn.decision.tier:
            self._count_holding(served, turn)

    def _keys(
        self, asked: Asked, recalled: Recalled, answer: Mapping[str, Any], *, known_again: bool
    ) -> list[str]:
        """Where a place is to be found by the requests that may go on from it."""
        tenant, seed = recalled.tenant, recalled.seed
        keys: list[str | None] = []
        if recalled.keeps_turns:
            keys += [recalled.session_key, turn_key(tenant, seed, answer)]
        if known_again:
            messages = [*WIRES[asked.wire].messages_of(asked.request), answer]
            keys.append(answer_key(tenant, seed, messages, len(messages) - 1))
        return [key for key in keys if key is not None]

    def _pin(self, route: Route, served: ServedExchange, tier: Tier, usage: Usage) -> Pin:
        before = route.recalled.pin
        place = (served.provider, tier.served_at()[0].model)
        return Pin(
            tier=served.served_tier,
            model=served.served_model,
            provider=served.provider,
            seen_at=self._clock(),
            warm_tokens=warm_tokens(
                served.prompt_tokens,
                served.completion_tokens,
                cached_tokens=usage.cached_tokens,
                cache_write_tokens=usage.cache_write_tokens,
                was_warm=route.recalled.warm and route.homes.get(tier.name) == place,
            ),
            completion_tokens=served.completion_tokens,
            turns=1 if before is None else before.turns + 1,
            deployment=place[1],
        )

    def _keep_place(self, recalled: Recalled, answer: Mapping[str, Any]) -> None:
        """Go on from a cached answer where the conversation stood; nobody has read it meanwhile."""
        if not recalled.keeps_turns or recalled.answer_pin is None:
            return
        key = turn_key(recalled.tenant, recalled.seed, answer)
        if key is not None:
            self._pins.keep(key, recalled.answer_pin)

    def _count_holding(self, served: ServedExchange, turn: Turn) -> None:
        ladder = self._current.router.ladder(turn.decision.policy_version)
        chosen = ladder.by_name[turn.chosen_tier].price
        other = chosen.cost_usd(served.prompt_tokens, served.completion_tokens)
        self._held_cost(turn.move).inc(max(0.0, served.cost_usd - other))
