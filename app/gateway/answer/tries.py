"""The order in which one request asks the deployments of its tiers."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from tierwatch.errors import ProviderError
from tierwatch.gateway.deployments.balancer import Balancer
from tierwatch.gateway.deployments.call import (
    REFUSED_TO_US,
    Call,
    Key,
    asked_nobody,
    is_silence,
)
from tierwatch.routing.config.retry import RetrySection
from tierwatch.routing.facts import Facts
from tierwatch.routing.tiers import Tier

# What a refusal is about that another tier's model may take.
_OF_THE_TIER = frozenset({*Facts._fields, "content"})


def _takes_all(_: Tier) -> bool:
    return True


class Tries:
    """The calls that one request may make, one after the other.

    In a tier each healthy deployment is asked once, at once, the conversation's home first. Then
    follow the attempts that ``routing.retry`` allows on the decided tier, each after a pause, then
    the tiers above it. When no deployment of a tier is healthy, the one that is to be probed next
    is asked. In the last tier those that are left alone are asked too before the caller gets an
    error.

    A provider that stayed silent for its whole time is not asked again, for none of its models: it
    may be at work on the request, which would be paid for twice, and has had the caller's patience
    once. Other providers are.

    A request that is too long for a tier, needs what its model lacks, or cannot be said on its wire
    is not wrong for another one: the next tier up is asked, and after those the tiers below.

    Args:
        balancer: the deployments.
        ladder: the decided tier, then those to be tried after it.
        retry: how often.
        homes: where the conversation was served before, by tier.
        lower: tiers to be tried only for what those of the ladder cannot take.
        takes: whether a tier is known to take the request, as far as anything is known of it.
    """

    __slots__ = (
        "_again",
        "_balancer",
        "_homes",
        "_ladder",
        "_last",
        "_lower",
        "_rank",
        "_silent",
        "_takes",
        "_tried",
    )

    def __init__(
        self,
        balancer: Balancer,
        ladder: Sequence[Tier],
        retry: RetrySection,
        homes: Mapping[str, Key] = MappingProxyType({}),
        *,
        lower: Sequence[Tier] = (),
        takes: Callable[[Tier], bool] = _takes_all,
    ) -> None:
        self._balancer = balancer
        self._homes = homes
        self._ladder = ladder
        self._lower = lower
        self._takes = takes
        self._again = retry.attempts
        self._rank = 0
        self._tried: set[Key] = set()
        self._silent: set[str] = set()
        self._last: Key = ("", "")

    def first(self) -> Call:
        """The first call."""
        call = self._taken(self._entry(self._ladder[0]))
        if call is None:
            raise AssertionError  # pragma: no cover - a tier has a deployment
        return call

    def after(self, error: ProviderError) -> Call | None:
        """The call to make after one that failed; None when the caller is to be told instead."""
        tier = self._ladder[self._rank]
        if not error.retryable:
            if asked_nobody(error):
                return self._elsewhere(tier) or self._abler_tier()
            if error.refused_for in _OF_THE_TIER:
                return self._abler_tier() or self._elsewhere(tier)
            return self._elsewhere(tier) if error.status in REFUSED_TO_US else None
        if is_silence(error):
            self._silent.add(self._last[0])
        return (
            self._taken(self._balancer.pick(tier, self._tried | self._mute(tier)))
            or self._once_more(tier)
            or self._next_tier()
            or self._elsewhere(tier)
        )

    def _mute(self, tier: Tier) -> set[Key]:
        """The tier's deployments at providers that stayed silent."""
        if not self._silent:
            return set()
        return {
            (one.provider, one.model) for one in tier.served_at() if one.provider in self._silent
        }

    def _once_more(self, tier: Tier) -> Call | None:
        if self._again == 0:
            return None
        self._again -= 1
        pick, mute = self._balancer.pick, self._mute(tier)
        call = pick(tier, {self._last} | mute, pauses=True) or pick(tier, mute, pauses=True)
        if call is None and not self._balancer.several(tier):
            call = self._balancer.soonest(tier, mute, pauses=True)
        return self._taken(call)

    def _abler_tier(self) -> Call | None:
        """The next tier that may take what this one cannot; then those below."""
        below = [tier for tier in self._lower if tier not in self._ladder]
        self._ladder, self._lower = (*self._ladder, *below), ()
        return self._next_tier()

    def _next_tier(self) -> Call | None:
        for rank in range(self._rank + 1, len(self._ladder)):
            tier = self._ladder[rank]
            call = self._entry(tier) if self._takes(tier) else None
            if call is not None:
                self._rank = rank
                self._again = 0
                self._tried = set()
                return self._taken(call)
        return None

    def _entry(self, tier: Tier) -> Call | None:
        home, mute = self._homes.get(tier.name), self._mute(tier)
        pick, soonest = self._balancer.pick, self._balancer.soonest
        return pick(tier, mute, home=home) or soonest(tier, mute)

    def _elsewhere(self, tier: Tier) -> Call | None:
        """A deployment that was not asked yet, be it healthy or not."""
        done = self._tried | self._mute(tier)
        return self._taken(self._balancer.pick(tier, done) or self._balancer.soonest(tier, done))

    def _taken(self, call: Call | None) -> Call | None:
        if call is not None:
            self._tried.add(call.key)
            self._last = call.key
        return call
