"""Which tiers can take a request at all, as far as that is known before anybody is asked."""

from dataclasses import replace

from tierwatch.fit.memory import Memory
from tierwatch.fit.needs import Lacks, Needs, fits_not
from tierwatch.gateway.answer.histories import Spoken
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.routing.decision import Decision
from tierwatch.routing.tiers import Tier

# What a decision's reason begins with when the tier lacked something that the request needs.
REASON = "fits_not"
_NOTHING = Lacks()


class Capable:
    """What tiers are known to lack. Used by every request at once.

    Args:
        current: the active router, which knows the tiers.
        spoken: the wires of calls.
        memory: what their models take.
    """

    def __init__(self, current: CurrentRouter, spoken: Spoken, memory: Memory) -> None:
        self._current = current
        self._spoken = spoken
        self._memory = memory

    def lacking(self, asked: Asked, tier: Tier) -> str:
        """What the request needs and no deployment of the tier takes; empty where one does."""
        found = ""
        for place in tier.served_at():
            wire = self._spoken[place.provider, asked.wire]
            lacks = self._memory.known((place.provider, place.model), wire).lacks
            if lacks == _NOTHING:
                return ""
            size = None if lacks.context is None else _size(asked)
            what = fits_not(lacks, Needs(asked.chat, asked.wire, size))
            if not what:
                return ""
            found = found or what
        return found

    def settled(self, asked: Asked, decision: Decision, *, down: bool) -> Decision:
        """The decision for a tier that can take the request; the same where its own does.

        The next tier up that can is chosen, then the next one down. If nobody can, the table may
        be wrong: the decided tier is asked, and its provider says what is the matter.

        Args:
            asked: by the caller.
            decision: the router's, or the caller's.
            down: whether a tier below may take its place.
        """
        ladder, name = self._current.router.ladder(decision.policy_version), decision.tier
        lacks = self.lacking(asked, ladder.by_name[name])
        if not lacks:
            return decision
        for tier in (*ladder.upward[name][1:], *(ladder.downward[name] if down else ())):
            if not self.lacking(asked, tier):
                reason = f"{REASON}:{lacks}"
                return replace(decision, tier=tier.name, model=tier.model, reason=reason)
        return decision


def _size(asked: Asked) -> int | None:
    """Bytes of the body, where its header counts them as they are read."""
    headers = asked.headers
    length = headers.get(b"content-length", b"")
    if not length.isdigit() or b"content-encoding" in headers:
        return None
    return int(length)
