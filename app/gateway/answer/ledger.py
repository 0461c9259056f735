"""What answering one request took: its calls to providers, their times and costs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tierwatch.errors import ProviderError
from tierwatch.gateway.answer.answer import Whole
from tierwatch.loop.capture.exchange import Attempt
from tierwatch.routing.decision import Decision
from tierwatch.routing.tiers import Tier
from tierwatch.wire.history.tool_watch import ToolWatch

ABANDONED = "abandoned"


class Ledger:
    """One request's ledger. Written while the request is answered, and by nobody else.

    Apart from the answer, so that it stands when the caller leaves before there is one.

    Attributes:
        attempts: calls to providers so far.
        fitted: what was done to the request for who answered to take it.
        decision: under which the last of them was made; None before the first.
        tier: as it was asked last, or as it serves; None before the first call.
        unserved: whole answers that were asked for and are not the one served, as far as known.
        reasoned: whether any answer seems to hold reasoning.
        tool_watch: sees whether the provider ran tools; None where it was offered none.
        waited_s: seconds of waiting for providers, which are not the gateway's own.
    """

    __slots__ = (
        "attempts",
        "decision",
        "fitted",
        "reasoned",
        "tier",
        "tool_watch",
        "unserved",
        "waited_s",
    )

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.fitted: tuple[str, ...] = ()
        self.decision: Decision | None = None
        self.tier: Tier | None = None
        self.unserved: list[Whole] = []
        self.reasoned = False
        self.tool_watch: ToolWatch | None = None
        self.waited_s = 0.0

    def decides(self, decision: Decision) -> None:
        """What is asked from now on is asked under this decision."""
        self.decision = decision

    def asks(self, tier: Tier) -> None:
        """This tier is asked, or serves."""
        self.tier = tier

    def fits(self, done: tuple[str, ...]) -> None:
        """What was done to the request that was answered, for the model to take it."""
        self.fitted = done

    def tried(self, tier: Tier, began: float, *, error: ProviderError | None = None) -> None:
        """Add a finished call to a provider that began at ``began`` (``time.perf_counter``)."""
        if error is None:
            self._add(tier, began, 200, "")
        else:
            self._add(tier, began, error.status, error.kind, tier.price.cost_usd(*error.billed))

    def abandoned(self, tier: Tier, began: float) -> None:
        """Add a call that was given up because the caller left or the gateway stopped."""
        self._add(tier, began, None, ABANDONED)

    def _add(
        self, tier: Tier, began: float, status: int | None, error: str, cost_usd: float = 0.0
    ) -> None:
        took_s = time.perf_counter() - began
        self.waited_s += took_s
        self.attempts.append(
            Attempt(tier.name, tier.model, tier.provider, status, error, took_s * 1000, cost_usd)
        )

    def broke_off(self, problem: ProviderError) -> None:
        """The answer of the last call ended before its end."""
        self.attempts[-1] = self.attempts[-1]._replace(error=problem.kind)

    @contextmanager
    def side_by_side(self) -> Iterator[None]:
        """Calls made inside run at once: together they take as long as the block."""
        before, began = self.waited_s, time.perf_counter()
        try:
            yield
        finally:
            self.waited_s = before + time.perf_counter() - began

    def paused(self, seconds: float) -> None:
        """Leave a deliberate wait between two calls out of the gateway's own time."""
        self.waited_s += seconds

    def watches(self, watch: ToolWatch) -> None:
        """From now on answers are read for tools that their provider ran."""
        self.tool_watch = watch

    def reasons(self, *, seems_to: bool) -> None:
        """Whether an answer seems to hold reasoning; once one does, it stays so."""
        self.reasoned = self.reasoned or seems_to

    def pays(self, answer: Whole) -> None:
        """Count the cost of an answer, whether or not it will be served."""
        self.unserved.append(answer)

    def takes(self, answer: Whole, decision: Decision) -> Whole:
        """Serve an answer that was paid for, under this decision."""
        self.unserved = [other for other in self.unserved if other is not answer]
        self.decision = decision
        self.tier = answer.tier
        return answer
