"""Which deployment of a tier takes the next call.

A tier's model may be served at several places. The `Balancer` knows how busy and how healthy each
is: in memory, for this process alone, no waiting.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from tierwatch.gateway.deployments.call import Call, Key, Place
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.routing.breaker import LONGEST_WAIT_S
from tierwatch.routing.config.balance import BalanceSection
from tierwatch.routing.tiers import Deployment, Tier

# Name, model, provider and effort: what a tier is served by.
_Served = tuple[str, str, str, str]
# Tiers and the models that policies ever gave them: a handful in a year.
_MOST_SERVED = 1_000


class _Choice:
    """One tier's use of a deployment."""

    __slots__ = ("credit", "deployment", "place", "tier", "usd")

    def __init__(self, tier: Tier, deployment: Deployment, place: Place) -> None:
        self.tier = tier.at(deployment)
        self.deployment = deployment
        self.place = place
        self.usd = deployment.price.blended_usd
        self.credit = 0.0

    def call(self, clock: Callable[[], float], *, pauses: bool) -> Call:
        """A call to it."""
        return Call(self.tier, self.deployment.model, self.place, clock, pauses=pauses)

    def earn(self) -> float:
        """Gain its weight in credit, and say how much that is."""
        self.credit += self.deployment.weight
        return self.deployment.weight

    def pay(self, credit: float) -> None:
        """Be taken, for this much."""
        self.credit -= credit


class Balancer:
    """The deployments of every tier. Used by all requests of one event loop.

    Args:
        tiers: with their deployments.
        section: the strategy, and when a deployment is left alone.
        metrics: shows each deployment's state, calls, and calls under way.
        label: what deployments' names begin with in metrics, where there is another balancer.
        longest_wait_s: what a provider asks to be left alone is believed up to this many seconds.
        patience_s: provider -> the silence that is its own fault. Calls that end sooner, because
            their caller could not wait, say nothing of it; without a number every time-out does.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        tiers: Sequence[Tier],
        section: BalanceSection,
        metrics: GatewayMetrics,
        *,
        label: str = "",
        longest_wait_s: float = LONGEST_WAIT_S,
        patience_s: Mapping[str, float] = MappingProxyType({}),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules = replace(section.breaker.rules(), longest_wait_s=longest_wait_s)
        self._strategy = section.strategy
        self._clock = clock
        self._metrics = metrics
        self._label = label
        self._patience_s = patience_s
        self._places: dict[Key, Place] = {}
        self._choices: dict[_Served, list[_Choice]] = {}
        for tier in tiers:
            self._of(tier)

    def _of(self, tier: Tier) -> list[_Choice]:
        """The tier's use of its deployments; made when a policy has it served by another model."""
        served = (tier.name, tier.model, tier.provider, tier.effort)
        found = self._choices.get(served)
        if found is None:
            if len(self._choices) >= _MOST_SERVED:  # by policies long gone
                self._choices.clear()
            found = self._choices[served] = [
                _Choice(tier, deployment, self._place(deployment))
                for deployment in tier.served_at()
            ]
        return found

    def _place(self, deployment: Deployment) -> Place:
        key = (deployment.provider, deployment.model)
        if key not in self._places:
            self._places[key] = Place(
                key,
                f"{self._label}{deployment.provider}/{deployment.model}",
                self._rules,
                self._metrics,
                self._clock,
                patience_s=self._patience_s.get(deployment.provider),
            )
        return self._places[key]

    def several(self, tier: Tier) -> bool:
        """Whether the tier has more than one deployment."""
        return len(self._of(tier)) > 1

    def is_healthy(self, key: Key) -> bool:
        """Whether the deployment takes conversations back: it exists and its breaker is closed."""
        place = self._places.get(key)
        return place is not None and place.breaker.state(self._clock()) == "closed"

    def pick(
        self,
        tier: Tier,
        without: Collection[Key] = (),
        *,
        home: Key | None = None,
        pauses: bool = False,
    ) -> Call | None:
        """The deployment that the strategy names among the healthy ones; None when there is none.

        Args:
            tier: whose.
            without: those that are not to be taken.
            home: taken whatever the strategy says, if its breaker is closed: the conversation's
                prompt is in its cache. Else it is one among the others.
            pauses: said of the call.
        """
        now = self._clock()
        of_tier = self._of(tier)
        if len(of_tier) == 1:  # as most have
            only = of_tier[0]
            if only.place.key in without or not only.place.breaker.allows(now):
                return None
            return only.call(self._clock, pauses=pauses)
        choices = [
            choice
            for choice in of_tier
            if choice.place.key not in without and choice.place.breaker.allows(now)
        ]
        if not choices:
            return None
        for choice in choices if home is not None else ():
            if choice.place.key == home and choice.place.breaker.state(now) == "closed":
                return choice.call(self._clock, pauses=pauses)
        return self._chosen(choices).call(self._clock, pauses=pauses)

    def soonest(
        self, tier: Tier, without: Collection[Key] = (), *, pauses: bool = False
    ) -> Call | None:
        """The deployment that is healthy again first, although it is not now."""
        now = self._clock()
        choices = [c for c in self._of(tier) if c.place.key not in without]
        if not choices:
            return None
        choice = min(choices, key=lambda one: one.place.breaker.opens_in(now))
        return choice.call(self._clock, pauses=pauses)

    def _chosen(self, choices: list[_Choice]) -> _Choice:
        if len(choices) == 1:
            return choices[0]
        if self._strategy == "cheapest":
            least = min(choice.usd for choice in choices)
            choices = [choice for choice in choices if choice.usd == least]
        elif self._strategy == "least_busy":
            load = [choice.place.in_flight / choice.deployment.weight for choice in choices]
            least = min(load)
            choices = [one for one, busy in zip(choices, load, strict=True) if busy == least]
        return _by_weight(choices)


def _by_weight(choices: list[_Choice]) -> _Choice:
    """The next one in smooth weighted round robin, as nginx spreads requests.

    Each gains its weight, the richest is taken and pays what all gained: with weights 3 and 1 the
    order is a a b a, and never a a a b.
    """
    total = 0.0
    richest = choices[0]
    for choice in choices:
        total += choice.earn()
        if choice.credit > richest.credit:
            richest = choice
    richest.pay(total)
    return richest
