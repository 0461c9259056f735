"""A stream that has begun, from a provider that says what a test wants."""

import asyncio
from collections.abc import Sequence

from factories.deployments import balancer
from factories.gateway_values import SIMPLE
from prometheus_client import CollectorRegistry, generate_latest

from tierwatch.errors import ProviderError
from tierwatch.gateway.answer.begun import Begun
from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.wire.stream_relay import StreamRelay


class Stream:
    """A provider's stream: pieces, then its end or an error."""

    told = ()

    def __init__(self, pieces: Sequence[bytes], error: ProviderError | None) -> None:
        self._pieces = list(pieces)
        self._error = error
        self.closed = False

    async def read(self) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        if self._error is not None:
            raise self._error
        return b""

    def close(self) -> None:
        self.closed = True


class Told:
    """A stream that has begun, and everybody who is told of it."""

    def __init__(
        self,
        *pieces: bytes,
        error: ProviderError | None = None,
        wire: str = "openai",
        most: int | None = None,
    ) -> None:
        self.metrics = GatewayMetrics(CollectorRegistry())
        self.ledger = Ledger()
        self.stream = Stream(pieces[1:], error)
        relay = StreamRelay(wire, "openai", include_usage=True, created=1, most=most)
        call = balancer(SIMPLE, metrics=self.metrics).pick(SIMPLE)
        assert call is not None
        with call:
            self.ledger.tried(SIMPLE, 0.0)
        self.begun = Begun(
            relay.feed(pieces[0]),
            relay,
            self.stream,  # type: ignore[arg-type]
            call,
            ledger=self.ledger,
            metrics=self.metrics,
        )

    def read(self) -> bytes:
        """All that the caller gets."""

        async def pieces() -> bytes:
            got = self.begun.first
            while (piece := await self.begun.read()) is not None:
                got += piece
            return got + self.begun.end()

        try:
            return asyncio.run(pieces())
        finally:
            self.begun.close()

    def calls(self, outcome: str) -> float:
        series = f'deployment="lab/small-1",outcome="{outcome}"}}'
        page = generate_latest(self.metrics.registry).decode()
        return next(float(line.split()[-1]) for line in page.splitlines() if series in line)
