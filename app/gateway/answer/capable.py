"""Which tiers can take a request at all, as far as that is known before anybody is asked."""

from collections.abc import Sequence
from dataclasses import replace

from tierwatch.fit.memory import Memory
from tierwatch.fit.needs import Lacks, Needs, fits_not
from tierwatch.gateway.answer.histories import Spoken
from tierwatch.gateway.asked import Asked
from tierwatch.routing.decision import Decision
from tierwatch.routing.tiers import Tier
from tierwatch.wire.wires import WIRES

# What a decision's reason begins with when the tier lacked something that the request needs.
REASON = "fits_not"
_NOTHING = Lacks()


class Capable:
    """What tiers are known to lack. Used by every request at once.

    Args:
        tiers: cheapest first.
        spoken: the wires of calls.
        memory: what their models take.
    """

    def __init__(self, tiers: Sequence[Tier], spoken: Spoken, memory: Memory) -> None:
        self._tiers = tiers
        self._memory = memory
        # Who is called for a tier on behalf of a caller on a wire, and on which wire.
        self._places = {
            (tier.name, wire): [
                ((place.provider, place.model), spoken[place.provider, wire])
                for place in tier.served_at()
            ]
            for tier in tiers
            for wire in WIRES
        }
        self._above = {tier.name: tiers[rank + 1 :] for rank, tier in enumerate(tiers)}
        self._below = {tier.name: tiers[:rank][::-1] for rank, tier in enumerate(tiers)}

    def below(self, decision: Decision) -> Sequence[Tier]:
        """The tiers below the decided one, nearest first."""
        return self._below[decision.tier]

    def lacking(self, asked: Asked, tier: str) -> str:
        """What the request needs and no deployment of the tier takes; empty where one does."""
        found = ""
        for key, wire in self._places[tier, asked.wire]:
            lacks = self._memory.known(key, wire).lacks
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
        lacks = self.lacking(asked, decision.tier)
        if not lacks:
            return decision
        others = (*self._above[decision.tier], *(self._below[decision.tier] if down else ()))
        for tier in others:
            if not self.lacking(asked, tier.name):
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
