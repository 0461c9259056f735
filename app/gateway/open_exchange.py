"""An exchange that is still open: what is known of it while it is being served."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tierwatch.errors import ProviderError
from tierwatch.gateway.answer.answers import Whole
from tierwatch.gateway.cache.response_cache import OFF, Look
from tierwatch.loop.capture.exchange import Attempt, ServedExchange, new_exchange_id
from tierwatch.routing.decision import Decision
from tierwatch.routing.tiers import Price, Tier
from tierwatch.wire.openai_wire import StreamAnswer, estimated_tokens, request_characters
from tierwatch.wire.usage import Usage

if TYPE_CHECKING:
    from tierwatch.gateway.route.conversations import Recalled
    from tierwatch.routing.stickiness import Turn

# Nginx's status for a caller who left before the answer; never sent, only recorded.
CALLER_LEFT = 499
ABANDONED = "abandoned"


class OpenExchange:
    """Gathers one exchange; ``served`` closes it. Times run from the last byte of the request.

    Attributes:
        exchange_id: sent to the caller as ``x-tierwatch-request-id``.
        session: the caller's session; without one, each exchange is its own.
        in_session: whether the caller named one.
        request: the request as the caller sent it.
        chat: the request in OpenAI's form.
        decision: what the router chose; None until it has.
        recalled: what was known of the conversation.
        turn: what that made of the router's decision; None without a conversation.
        reasoned: whether the answer seems to hold reasoning.
        tier: the tier that serves, or was tried last.
        attempts: calls to providers so far.
        look: what became of a look into the response cache.
        status: HTTP status for the caller.
        message: the assistant message, in OpenAI's form.
        finished: whether the caller could have the whole answer.
        overhead_ms: time the gateway itself took until the reply began.
        classifier_cost_usd: what asking the classifier cost.
        unserved: whole answers that were asked for and are not the one served, as far as known.
        usage: what the provider counted of the answer.
    """

    __slots__ = (
        "_first_byte_ms",
        "_started",
        "_waited_s",
        "arrived_at",
        "attempts",
        "chat",
        "classifier_cost_usd",
        "decision",
        "exchange_id",
        "finish_reason",
        "finished",
        "in_session",
        "look",
        "message",
        "overhead_ms",
        "reasoned",
        "recalled",
        "request",
        "session",
        "status",
        "tier",
        "turn",
        "unserved",
        "usage",
    )

    def __init__(
        self, request: dict[str, Any], chat: dict[str, Any], session: str | None, now: float
    ) -> None:
        self._started = time.perf_counter()
        self._waited_s = 0.0
        self._first_byte_ms: float | None = None
        self.usage = Usage()
        self.arrived_at = now
        self.exchange_id = new_exchange_id(now)
        self.session = session or str(self.exchange_id)
        self.in_session = bool(session)
        self.recalled: Recalled | None = None
        self.turn: Turn | None = None
        self.reasoned = False
        self.request = request
        self.chat = chat
        self.decision: Decision | None = None
        self.tier: Tier | None = None
        self.attempts: list[Attempt] = []
        self.look: Look = OFF
        self.status = CALLER_LEFT
        self.message: dict[str, Any] | None = None
        self.finish_reason: str | None = None
        self.finished = False
        self.overhead_ms = 0.0
        self.classifier_cost_usd = 0.0
        self.unserved: list[Whole] = []

    @property
    def streaming(self) -> bool:
        """Whether the caller asked for a stream."""
        return self.request.get("stream") is True

    @property
    def wants_usage(self) -> bool:
        """Whether the caller's stream is to end with counts of tokens."""
        return (self.request.get("stream_options") or {}).get("include_usage") is True

    def tried(self, tier: Tier, began: float, *, error: ProviderError | None = None) -> None:
        """Add a finished call to a provider that began at ``began`` (``time.perf_counter``)."""
        if error is None:
            self._add(tier, began, 200, "")
        else:
            self._add(tier, began, error.status, error.kind, tier.price.cost_usd(*error.billed))

    def abandoned(self, tier: Tier, began: float) -> None:
        """Add a call that was given up because the caller left or the gateway stopped."""
        self._add(tier, began, None, ABANDONED)

    def classified(self, request: dict[str, Any], usage: Usage, price: Price) -> None:
        """Count what the classifier's reply cost, readable or not."""
        prompt = usage.prompt_tokens
        if prompt is None:
            usage = usage._replace(prompt_tokens=estimated_tokens(request_characters(request)))
        self.classifier_cost_usd += price.cost_usd(*usage.billed)

    def _add(
        self, tier: Tier, began: float, status: int | None, error: str, cost_usd: float = 0.0
    ) -> None:
        took_s = time.perf_counter() - began
        self._waited_s += took_s
        self.attempts.append(
            Attempt(tier.name, tier.model, tier.provider, status, error, took_s * 1000, cost_usd)
        )

    @contextmanager
    def side_by_side(self) -> Iterator[None]:
        """Calls made inside run at once: together they take as long as the block."""
        before, began = self._waited_s, time.perf_counter()
        try:
            yield
        finally:
            self._waited_s = before + time.perf_counter() - began

    def pays(self, answer: Whole) -> None:
        """Count the cost of an answer, whether or not it will be served."""
        self.unserved.append(answer)

    def takes(self, answer: Whole, decision: Decision) -> Whole:
        """Serve an answer that was paid for, under this decision."""
        self.unserved = [other for other in self.unserved if other is not answer]
        self.decision = decision
        self.tier = answer.tier
        return answer

    def paused(self, seconds: float) -> None:
        """Leave a deliberate wait between two calls out of the gateway's own time."""
        self._waited_s += seconds

    def begins(self, status: int) -> None:
        """The reply's headers are about to be sent with this status."""
        elapsed_s = time.perf_counter() - self._started
        self.status = status
        self.overhead_ms = (elapsed_s - self._waited_s) * 1000
        self._first_byte_ms = elapsed_s * 1000

    def answered(
        self,
        message: dict[str, Any],
        finish_reason: str | None,
        usage: Usage,
        *,
        finished: bool,
    ) -> None:
        """Keep the answer, as far as it came, and the tokens that were counted."""
        self.message = message
        self.finish_reason = finish_reason
        self.usage = usage
        self.finished = finished

    def served(self, decision: Decision, tier: Tier) -> ServedExchange:
        """The closed exchange. Tokens nobody counted are estimated from the text."""
        latency_ms = (time.perf_counter() - self._started) * 1000
        prompt, completion, estimated = self._counted(self.message, self.usage)
        usage = self.usage if self.message is not None else Usage()
        cached, written = usage.billed[2:]
        cost_usd = tier.price.cost_usd(prompt, completion, cached, written)
        for other in self.unserved:
            usage = other.reply.usage
            tokens = self._counted(other.reply.message, usage)[:2]
            cost_usd += other.tier.price.cost_usd(*tokens, *usage.billed[2:])
        return ServedExchange(
            exchange_id=self.exchange_id,
            arrived_at=self.arrived_at,
            session=self.session,
            request=self.chat,
            decision=decision,
            served_tier=tier.name,
            served_model=tier.model,
            provider=tier.provider,
            attempts=tuple(self.attempts),
            status=self.status,
            answer=self.message,
            finish_reason=self.finish_reason,
            finished=self.finished,
            prompt_tokens=prompt,
            completion_tokens=completion,
            tokens_estimated=estimated,
            cost_usd=cost_usd + sum(attempt.cost_usd for attempt in self.attempts),
            latency_ms=latency_ms,
            first_byte_ms=latency_ms if self._first_byte_ms is None else self._first_byte_ms,
            overhead_ms=self.overhead_ms,
            cached_tokens=cached,
            cache_write_tokens=written,
            classifier_cost_usd=self.classifier_cost_usd,
        )

    def _counted(self, message: dict[str, Any] | None, usage: Usage) -> tuple[int, int, bool]:
        if message is None:
            return 0, 0, False
        prompt, completion = usage[:2]
        estimated = prompt is None or completion is None
        if prompt is None:
            prompt = estimated_tokens(request_characters(self.chat))
        if completion is None:
            whole = StreamAnswer()
            whole.feed({"choices": [{"delta": message}]})
            completion = estimated_tokens(whole.characters)
        return prompt, completion, estimated
