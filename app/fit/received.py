"""What a tier would make of a request that another one serves now."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from tierwatch.errors import ProviderError
from tierwatch.fit.fitted import fitted
from tierwatch.fit.memory import Memory
from tierwatch.fit.needs import Needs, fits_not
from tierwatch.routing.tiers import Tier
from tierwatch.wire.translation import library_request, provider_request

# What is lacking where a wire has no word for what is asked.
WIRE = "wire"


class Received(NamedTuple):
    """What would become of a request.

    Attributes:
        lacks: what it needs and the tier does not take, so that another one would serve it; empty
            for nothing.
        fitted: what would be done to it.
    """

    lacks: str = ""
    fitted: tuple[str, ...] = ()


class Receiving:
    """Says what tiers would make of requests.

    Args:
        tiers: by whose deployments they would be answered.
        memory: what those take.
        spoken: provider and a caller's wire -> the wire of a call.

    Attributes:
        above: tier -> the next one up.
    """

    def __init__(
        self, tiers: Sequence[Tier], memory: Memory, spoken: Callable[[str, str], str]
    ) -> None:
        self._tiers = {tier.name: tier for tier in tiers}
        self.above = {low.name: high.name for low, high in pairwise(tiers)}
        self._memory = memory
        self._spoken = spoken

    def __call__(self, tier: str, wire: str, request: Mapping[str, Any]) -> Received:
        """What becomes of a request at the first deployment that takes it.

        Args:
            tier: that would serve it; one that is gone takes everything.
            wire: that the request is said on.
            request: the body.
        """
        found = self._tiers.get(tier)
        if found is None:
            return Received()
        needs, lacks = Needs(library_request(wire, request), wire), ""
        for place in found.served_at():
            to = self._spoken(place.provider, wire)
            known = self._memory.known((place.provider, place.model), to)
            missing = fits_not(known.lacks, needs)
            if not missing:
                try:
                    said = provider_request(wire, to, request, place.model)
                except ProviderError:
                    missing = WIRE
                else:
                    return Received("", said.fitted + fitted(said.request, known.takes).fitted)
            lacks = lacks or missing
        return Received(lacks)
