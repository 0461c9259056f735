"""One call to a deployment, and what is known of the deployment from its calls so far."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from tierwatch.errors import ProviderError
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.routing.breaker import Breaker, BreakerRules, State, Ticket
from tierwatch.routing.tiers import Tier

# Provider, and what it calls the model.
Key = tuple[str, str]

# The gateway's own key, credit, permission or name for the model was refused there: not the
# caller's fault, and another deployment has its own.
REFUSED_TO_US = frozenset({401, 402, 403, 404})
# Timers end calls early or late, and connecting took a part of the time.
_FAIR_SHARE = 0.9
_STATES: dict[State, int] = {"closed": 0, "half_open": 1, "open": 2}


class Place:
    """What is known of one deployment, whichever tiers name it.

    Attributes:
        key: provider and model.
        breaker: whether it should be asked.
        in_flight: calls under way.
        answered: counts them.
        failed: counts the others.
        patience_s: the silence that is its own fault; None where every time-out is.
    """

    __slots__ = ("answered", "breaker", "failed", "in_flight", "key", "patience_s")

    def __init__(
        self,
        key: Key,
        label: str,
        rules: BreakerRules,
        metrics: GatewayMetrics,
        clock: Callable[[], float],
        *,
        patience_s: float | None,
    ) -> None:
        self.key = key
        self.patience_s = patience_s
        self.breaker = Breaker(rules)
        self.in_flight = 0
        self.answered = metrics.calls.ended(label, "answered")
        self.failed = metrics.calls.ended(label, "failed")
        # Asked at each scrape: an open breaker becomes half-open by the passing of time alone.
        metrics.calls.breaker_state(label).set_function(
            lambda: _STATES[self.breaker.state(clock())]
        )
        metrics.calls.in_flight(label).set_function(lambda: self.in_flight)

    def begin(self, now: float) -> Ticket | None:
        """A call begins; the ticket that its end is told with, None where the breaker is open."""
        ticket = self.breaker.begin(now)
        self.in_flight += 1
        return ticket

    def end(self) -> None:
        """A call is over."""
        self.in_flight -= 1


class Call:
    """One call to a deployment, from the moment it is chosen. Use it as a context, then close it.

    Leaving the context without an error says that the provider answered, or began to; with a
    `ProviderError`, that it did not; with anything else (the caller left), nothing, unless the
    provider had been silent for too long by then. ``close`` says that the call is over; a failed
    one is over at once.

    Attributes:
        tier: the tier as this deployment serves it, with its provider and price.
        model: what the provider calls the model.
        key: provider and model, by which a deployment is known.
        pauses: whether to wait a moment before it.
    """

    __slots__ = (
        "_began",
        "_clock",
        "_place",
        "_ticket",
        "_under_way",
        "key",
        "model",
        "pauses",
        "tier",
    )

    def __init__(
        self, tier: Tier, model: str, place: Place, clock: Callable[[], float], *, pauses: bool
    ) -> None:
        self.tier = tier
        self.model = model
        self.key = place.key
        self.pauses = pauses
        self._place = place
        self._clock = clock
        self._ticket: Ticket | None = None
        self._under_way = False
        self._began = 0.0

    def again(self) -> "Call":
        """Another call to the same deployment, at once."""
        return Call(self.tier, self.model, self._place, self._clock, pauses=False)

    @property
    def patience_s(self) -> float | None:
        """The silence that is the deployment's own fault; None where nobody has said."""
        return self._place.patience_s

    def __enter__(self) -> Self:
        self._began = self._clock()
        self._ticket = self._place.begin(self._began)
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
        elif self._silent_too_long():
            # Callers who give up, one after the other, must not keep a silent provider in use.
            self.failed(ProviderError("Its caller gave up waiting.", kind="timeout"))
        else:
            self._released()
            self._over()

    def _silent_too_long(self) -> bool:
        patience_s = self.patience_s
        return patience_s is not None and self._clock() - self._began >= _FAIR_SHARE * patience_s

    def _released(self) -> None:
        if self._ticket is not None:
            self._place.breaker.release(self._ticket)

    def _begun(self) -> None:
        """Tell a breaker that is not closed; a closed one waits for the end of the stream."""
        breaker = self._place.breaker
        if self._ticket is not None and not breaker.closed:
            now = self._clock()
            breaker.succeed(self._ticket, now)
            self._ticket = breaker.begin(now) if breaker.closed else None

    def failed(self, error: ProviderError) -> None:
        """The provider gave no answer, or broke one off that it had begun."""
        if not self._under_way:
            return
        self._over()
        # A request whose own time ran out says nothing of a provider that was not slow.
        hurried = is_silence(error) and self.patience_s is not None
        if asked_nobody(error) or (hurried and not self._silent_too_long()):
            self._released()
            return
        breaker, ticket, now = self._place.breaker, self._ticket, self._clock()
        self._place.failed.inc()
        if ticket is None:
            return
        # Another deployment may answer what this one did not, since this one is to blame.
        if error.retryable or error.status in REFUSED_TO_US:
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
        self._place.end()


def is_silence(error: ProviderError) -> bool:
    """Whether the provider was waited for in vain. One that says 408 has answered."""
    return error.kind == "timeout" and error.status is None


def asked_nobody(error: ProviderError) -> bool:
    """Whether the request cannot be said on this provider's wire; on another's it may be."""
    return not error.retryable and error.status is None
