"""What a conversation makes of the router's decision, and who serves it first and last."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from tierwatch.gateway.asked import Asked
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.deployments.call import Key
from tierwatch.gateway.route.recall import Recalled
from tierwatch.routing.decision import Decision
from tierwatch.routing.stickiness import SessionRules, Turn, in_tool_exchange, settled_turn
from tierwatch.routing.tiers import Tier
from tierwatch.wire.usage import estimated_tokens, request_characters

_NOWHERE: Mapping[str, Key] = MappingProxyType({})


def _keeps(_tier: str, _task_type: str) -> bool:
    return False


class Turns:
    """Holds decisions against where conversations stand. Used by every request at once.

    Args:
        current: the active router, which knows the tiers.
        rules: what holds a conversation.
        clock: epoch seconds.
        is_healthy: whether a deployment may be gone back to.
        is_drained: whether a tier keeps nothing of a task type for now.
    """

    def __init__(
        self,
        current: CurrentRouter,
        rules: SessionRules,
        clock: Callable[[], float],
        is_healthy: Callable[[Key], bool],
        is_drained: Callable[[str, str], bool] = _keeps,
    ) -> None:
        self._current = current
        self._rules = rules
        self._clock = clock
        self._is_healthy = is_healthy
        self._is_drained = is_drained

    def turn(self, asked: Asked, recalled: Recalled, decision: Decision) -> Turn | None:
        """What the conversation makes of a decision; None without one."""
        pin = recalled.pin
        if pin is None and (asked.side_call or not asked.in_session):
            return None
        if pin is not None and not self._is_healthy((pin.provider, pin.deployment)):
            pin = replace(pin, warm_tokens=0)  # another deployment would serve, from the start
        return settled_turn(
            decision,
            pin,
            messages=asked.chat["messages"],
            tiers=self._current.router.ladder(decision.policy_version).tiers,
            rules=self._rules,
            prompt_tokens=estimated_tokens(request_characters(asked.chat)) if pin else 0,
            now=self._clock(),
            drained=lambda tier: self._is_drained(tier, decision.task_type),
        )

    def spare(self, turn: Turn | None) -> Tier | None:
        """Who serves when nobody at or above the held tier answers: the router's own choice.

        Nobody in a tool exchange: there an error that the caller sees beats a lower tier.
        """
        if turn is None or not turn.held or turn.move == "tool_exchange":
            return None
        ladder = self._current.router.ladder(turn.decision.policy_version)
        return ladder.by_name[turn.chosen_tier]


def homes(asked: Asked, recalled: Recalled) -> Mapping[str, Key]:
    """Tier -> the deployment that is asked first: the one that has the prompt warm.

    Who called the tools whose results come now stays the one however long they took: another
    deployment would not get back the reasoning that led to the call.
    """
    pin = recalled.answer_pin
    if pin is None or not (recalled.warm or in_tool_exchange(asked.chat["messages"])):
        return _NOWHERE
    return {pin.tier: (pin.provider, pin.deployment)}
