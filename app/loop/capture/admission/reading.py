"""What only reading a drawn exchange can tell: whether its alternative can be asked the same."""

from collections.abc import Callable, Mapping, Sequence

from tierwatch.errors import ProviderError
from tierwatch.fit.memory import Memory
from tierwatch.fit.needs import Needs, fits_not
from tierwatch.loop.capture.admission.outside import FITS_NOT
from tierwatch.loop.capture.counts import Sampled
from tierwatch.routing.tiers import Tier
from tierwatch.wire.json_values import objects, string
from tierwatch.wire.lean_request import kept_at_its_provider, lean_request
from tierwatch.wire.translation import library_request, provider_request

# As a translation names what it left out of a request's tools.
_NO_TOOL = "-tools."
# Kept by its provider and longer by an answer by now, so nobody can be asked the same again.
_GOES_ON = frozenset({"conversation", "previous_response_id", "thread"})


class Reading:
    """Says why a drawn exchange cannot be evidence after all.

    Args:
        tiers: that may be asked in the shadow.
        memory: what their models take.
        spoken: the wire that a provider is called on for a caller on this one.
    """

    def __init__(
        self,
        tiers: Sequence[Tier],
        memory: Memory,
        spoken: Callable[[str, str], str],
    ) -> None:
        self._tiers = {tier.name: tier for tier in tiers}
        self._memory = memory
        self._spoken = spoken

    def __call__(self, sampled: Sampled) -> str:
        """The reason; empty where its alternative can be asked the same question."""
        tier = self._tiers.get(sampled.chosen.alternative_tier)
        return FITS_NOT if tier is not None and not self._takes(tier, sampled) else ""

    def _takes(self, tier: Tier, sampled: Sampled) -> bool:
        """Whether any deployment of the tier takes the question."""
        served = sampled.served
        kept = kept_at_its_provider(served.request)
        if kept in _GOES_ON:
            return False
        needs = Needs(library_request(served.wire, served.request), served.wire)
        for place in tier.served_at():
            if kept and place.provider != served.provider:
                continue
            to = self._spoken(place.provider, served.wire)
            if fits_not(self._memory.known((place.provider, place.model), to).lacks, needs):
                continue
            try:
                lean = lean_request(served.request, wire=served.wire, to=to)
                asked = provider_request(served.wire, to, lean, place.model)
            except ProviderError:  # its wire has no word for it
                continue
            if not _left_out(asked.fitted, lean.get("tools")):
                return True
        return False


def _left_out(done: Sequence[str], tools: object) -> bool:
    """Whether a tool that the caller runs was left out: a shell, an editor, a screen.

    The arm that has it calls it, and the other one can only talk. A search among tools is none,
    nor is a name space with nothing in it, nor a field of a tool, which is named in the same way.
    """
    kinds = {string(tool.get("type")) for tool in objects(tools) if not _is_empty_space(tool)}
    names = {one.removeprefix(_NO_TOOL) for one in done if one.startswith(_NO_TOOL)}
    return any(name in kinds and "tool_search" not in name for name in names)


def _is_empty_space(tool: Mapping[str, object]) -> bool:
    return tool.get("type") == "namespace" and not objects(tool.get("tools"))
