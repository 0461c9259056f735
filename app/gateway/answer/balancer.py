"""Which deployment of a tier takes the next call: in memory, for this process alone, no waiting.

A tier's model may be served at several places. The `Balancer` knows how busy and how healthy each
is; `Tries` is the order in which one request asks them.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType, TracebackType
from typing import Self

from tierwatch.errors import ProviderError
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.routing.breaker import LONGEST_WAIT_S, Breaker, BreakerRules, State, Ticket
from tierwatch.routing.config.balance import BalanceSection
from tierwatch.routing.config.retry import RetrySection
from tierwatch.routing.tiers import Deployment, Tier

Key = tuple[str, str]

# The gateway's own key, credit, permission or name for the model was refused there: not the
# caller's fault, and another deployment has its own.
_REFUSED_TO_US = frozenset({401, 402, 403, 404})
_STATES: dict[State, int] = {"closed": 0, "half_open": 1, "open": 2}


class _Place:
    """What is known of one deployment, whichever tiers name it."""

    __slots__ = ("answered", "breaker", "failed", "in_flight", "key")

    def __init__(
        self,
        key: Key,
        label: str,
        rules: BreakerRules,
        metrics: GatewayMetrics,
        clock: Callable[[], float],
    ) -> None:
        self.key = key
        self.breaker = Breaker(rules)
        self.in_flight = 0
        self.answered = metrics.deployment_calls(label, "answered")
        self.failed = metrics.deployment_calls(label, "failed")
        # Asked at each scrape: an open breaker becomes half-open by the passing of time alone.
        metrics.breaker_state(label).set_function(lambda: _STATES[self.breaker.state(clock())])
        metrics.deployment_in_flight(label).set_function(lambda: self.in_flight)


class _Choice:
    """One tier's use of a deployment."""

    __slots__ = ("credit", "deployment", "place", "tier", "usd")

    def __init__(self, tier: Tier, deployment: Deployment, place: _Place) -> None:
        self.tier = tier.at(deployment)
        self.deployment = deployment
        self.place = place
        self.usd = deployment.price.blended_usd
        self.credit = 0.0


class Call:
    """One call to a deployment, from the moment it is chosen. Use it as a context, then close it.

    Leaving the context without an error says that the provider answered, or began to; with a
    `ProviderError`, that it did not; with anything else (the caller left), nothing. ``close`` says
    that the call is over; a failed one is over at once.

    Attributes:
        tier: the tier as this deployment serves it, with its provider and price.
        model: what the provider calls the model.
        key: provider and model, by which a deployment is known.
        pauses: whether to wait a moment before it.
    """

    __slots__ = ("_clock", "_place", "_ticket", "_under_way", "key", "model", "pauses", "tier")

    def __init__(self, choice: _Choice, clock: Callable[[], float], *, pauses: bool) -> None:
        self.tier = choice.tier
        self.model = choice.deployment.model
        self.key = choice.place.key
        self.pauses = pauses
        self._place = choice.place
        self._clock = clock
        self._ticket: Ticket | None = None
        self._under_way = False

    def __enter__(self) -> Self:
        self._ticket = self._place.breaker.begin(self._clock())
        self._place.in_flight += 1
        self._under_way = True
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self._begun()
        elif isinstance(error, ProviderError):
            self.failed(error)
        else:
            if self._ticket is not None:
                self._place.breaker.release(self._ticket)
            self._over()

    def _begun(self) -> None:
        """Tell a breaker that is not closed; a closed one waits for the end of the stream."""
        breaker, now = self._place.breaker, self._clock()
        if self._ticket is not None and breaker.state(now) != "closed":
            breaker.succeed(self._ticket, now)
            closed = breaker.state(now) == "closed"
            self._ticket = breaker.begin(now) if closed else None

    def failed(self, error: ProviderError) -> None:
        """The provider gave no answer, or broke one off that it had begun."""
        if not self._under_way:
            return
        self._over()
        breaker, ticket, now = self._place.breaker, self._ticket, self._clock()
        if _asked_nobody(error):
            if ticket is not None:
                breaker.release(ticket)
            return
        self._place.failed.inc()
        if ticket is None:
            return
        # Another deployment may answer what this one did not, since this one is to blame.
        if error.retryable or error.status in _REFUSED_TO_US:
            breaker.fail(ticket, now, retry_after_s=error.retry_after_s)
        else:
            breaker.succeed(ticket, now)  # whoever refuses a request is up

    def close(self) -> None:
        """The whole answer is here, or nobody waits for the rest of it."""
        if not self._under_way:
            return
        self._over()
        self._place.answered.inc()
        if self._ticket is not None:
            self._place.breaker.succeed(self._ticket, self._clock())

    def _over(self) -> None:
        self._under_way = False
        self._place.in_flight -= 1


class Balancer:
    """The deployments of every tier. Used by all requests of one event loop.

    Args:
        tiers: with their deployments.
        section: the strategy, and when a deployment is left alone.
        metrics: shows each deployment's state, calls, and calls under way.
        label: what deployments' names begin with in metrics, where there is another balancer.
        longest_wait_s: what a provider asks to be left alone is believed up to this many seconds.
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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        rules = replace(section.breaker.rules(), longest_wait_s=longest_wait_s)
        self._strategy = section.strategy
        self._clock = clock
        self._places: dict[Key, _Place] = {}
        self._choices: dict[str, list[_Choice]] = {}
        for tier in tiers:
            choices = self._choices[tier.name] = []
            for deployment in tier.served_at():
                key = (deployment.provider, deployment.model)
                if key not in self._places:
                    name = f"{label}{deployment.provider}/{deployment.model}"
                    self._places[key] = _Place(key, name, rules, metrics, clock)
                choices.append(_Choice(tier, deployment, self._places[key]))

    def several(self, tier: Tier) -> bool:
        """Whether the tier has more than one deployment."""
        return len(self._choices[tier.name]) > 1

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
        choices = [
            choice
            for choice in self._choices[tier.name]
            if choice.place.key not in without and choice.place.breaker.allows(now)
        ]
        if not choices:
            return None
        for choice in choices if home is not None else ():
            if choice.place.key == home and choice.place.breaker.state(now) == "closed":
                return Call(choice, self._clock, pauses=pauses)
        return Call(self._chosen(choices), self._clock, pauses=pauses)

    def soonest(
        self, tier: Tier, without: Collection[Key] = (), *, pauses: bool = False
    ) -> Call | None:
        """The deployment that is healthy again first, although it is not now."""
        now = self._clock()
        choices = [c for c in self._choices[tier.name] if c.place.key not in without]
        if not choices:
            return None
        choice = min(choices, key=lambda one: one.place.breaker.opens_in(now))
        return Call(choice, self._clock, pauses=pauses)

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
        weight = choice.deployment.weight
        choice.credit += weight
        total += weight
        if choice.credit > richest.credit:
            richest = choice
    richest.credit -= total
    return richest


class Tries:
    """The calls that one request may make, one after the other.

    In a tier each healthy deployment is asked once, at once, the conversation's home first. Then
    follow the attempts that ``routing.retry`` allows on the decided tier, each after a pause, then
    the tiers above it. When no deployment of a tier is healthy, the one that is to be probed next
    is asked. In the last tier those that are left alone are asked too before the caller gets an
    error.

    Args:
        balancer: the deployments.
        ladder: the decided tier, then those to be tried after it.
        retry: how often.
        homes: where the conversation was served before, by tier.
    """

    __slots__ = ("_again", "_balancer", "_homes", "_ladder", "_last", "_rank", "_tried")

    def __init__(
        self,
        balancer: Balancer,
        ladder: Sequence[Tier],
        retry: RetrySection,
        homes: Mapping[str, Key] = MappingProxyType({}),
    ) -> None:
        self._balancer = balancer
        self._homes = homes
        self._ladder = ladder
        self._again = retry.attempts
        self._rank = 0
        self._tried: set[Key] = set()
        self._last: Key = ("", "")

    def first(self) -> Call:
        """The first call."""
        return self._enter(self._ladder[0])

    def after(self, error: ProviderError) -> Call | None:
        """The call to make after one that failed; None when the caller is to be told instead."""
        tier = self._ladder[self._rank]
        if not error.retryable:
            if _asked_nobody(error) or error.status in _REFUSED_TO_US:
                return self._elsewhere(tier)
            return None
        return (
            self._taken(self._balancer.pick(tier, self._tried))
            or self._once_more(tier)
            or self._next_tier()
            or self._elsewhere(tier)
        )

    def _once_more(self, tier: Tier) -> Call | None:
        if self._again == 0:
            return None
        self._again -= 1
        pick = self._balancer.pick
        call = pick(tier, {self._last}, pauses=True) or pick(tier, pauses=True)
        if call is None and not self._balancer.several(tier):
            call = self._balancer.soonest(tier, pauses=True)
        return self._taken(call)

    def _next_tier(self) -> Call | None:
        if self._rank + 1 == len(self._ladder):
            return None
        self._rank += 1
        self._again = 0
        self._tried = set()
        return self._enter(self._ladder[self._rank])

    def _enter(self, tier: Tier) -> Call:
        home = self._homes.get(tier.name)
        call = self._balancer.pick(tier, home=home) or self._balancer.soonest(tier)
        if call is None:
            raise AssertionError  # pragma: no cover - a tier has a deployment
        self._taken(call)
        return call

    def _elsewhere(self, tier: Tier) -> Call | None:
        """A deployment that was not asked yet, be it healthy or not."""
        call = self._balancer.pick(tier, self._tried) or self._balancer.soonest(tier, self._tried)
        return self._taken(call)

    def _taken(self, call: Call | None) -> Call | None:
        if call is not None:
            self._tried.add(call.key)
            self._last = call.key
        return call


def _asked_nobody(error: ProviderError) -> bool:
    """Whether the request cannot be said on this provider's wire; on another's it may be."""
    return not error.retryable and error.status is None
