"""An answer that has begun: a provider's stream on its way to the caller."""

from collections.abc import Mapping
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.gateway.answer.answer import Said
from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.deployments.call import Call
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.providers.upstream import UpstreamStream
from tierwatch.wire.refusal import refusal_for
from tierwatch.wire.stream_relay import StreamRelay


class Begun:
    """A stream that has begun. `read` it until there is no more, `end` it, and `close` it always.

    Args:
        first: the first bytes for the caller.
        relay: turns the provider's bytes into the caller's; has been fed the first ones.
        stream: the provider's.
        call: to the deployment that answers.
        ledger: is told when the stream breaks off, and whether it held reasoning.
        metrics: counts the same.

    Attributes:
        first: the first bytes for the caller.
        told: what the head of the provider's answer tells the caller.
    """

    __slots__ = (
        "_call",
        "_ledger",
        "_metrics",
        "_problem",
        "_relay",
        "_stream",
        "first",
        "told",
    )

    def __init__(
        self,
        first: bytes,
        relay: StreamRelay,
        stream: UpstreamStream,
        call: Call,
        *,
        ledger: Ledger,
        metrics: GatewayMetrics,
    ) -> None:
        self.first = first
        self._relay = relay
        self.told = stream.told
        self._stream = stream
        self._call = call
        self._ledger = ledger
        self._metrics = metrics
        self._problem: ProviderError | None = None

    async def read(self) -> bytes | None:
        """The next bytes for the caller, perhaps none yet; None at the end, whatever ended it."""
        relay = self._relay
        if relay.stuck is not None:
            self._problem = relay.stuck
            return None
        try:
            chunk = await self._stream.read()
        except ProviderError as error:
            self._problem = error
            return None
        if self._ledger.tool_watch is not None:
            self._ledger.tool_watch.feed(chunk)
        return relay.feed(chunk) if chunk else None

    def end(self) -> bytes:
        """The last bytes for the caller: what closes the stream, or says why it broke off."""
        relay = self._relay
        last = relay.end()
        if relay.misread:
            self._metrics.calls.unread_events(self._call.tier.name).inc(relay.misread)
        if relay.finished:
            return last
        if relay.answer.error is not None:  # the provider itself has told the caller
            self._call.failed(ProviderError("The provider gave up its stream.", kind="server"))
            return last
        problem = self._problem
        if problem is None:
            problem = ProviderError("The provider closed its stream too early.", kind="cut")
        self._ledger.broke_off(problem)
        self._metrics.calls.attempts_failed(self._call.tier.name, problem.kind).inc()
        self._call.failed(problem)
        return relay.broken(refusal_for(problem).shortened)

    def close(self) -> None:
        """Let the provider go, whether or not all was read."""
        self._stream.close()
        self._call.close()
        self._ledger.reasons(seems_to=self._relay.reasoned)

    @property
    def response(self) -> Mapping[str, Any] | None:
        """The answer as it is asked for again by its id, on a wire that knows such; else None."""
        response: Mapping[str, Any] | None = self._relay.begun.get("response")
        return response

    @property
    def said(self) -> Said:
        """What the stream has said so far."""
        relay = self._relay
        answer, usage = relay.answer, relay.usage
        return Said(
            answer.message,
            answer.finish_reason,
            usage,
            relay.finished,
            answer.kept,
            answer.characters,
        )
