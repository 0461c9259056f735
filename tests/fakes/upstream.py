"""Providers in memory: what each says, or which error it gives; and what they were asked."""

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.providers.upstream import Completed

Reply = Mapping[str, Any] | ProviderError | Sequence[bytes] | asyncio.Event


class ScriptedUpstream:
    """Gives its replies in order. An Event is never set by it: who waits for it waits."""

    continued = None  # no traces

    def __init__(
        self,
        *replies: Reply,
        kinds: Mapping[str, str] | None = None,
        also: Mapping[str, str] | None = None,
    ) -> None:
        self._replies = list(replies)
        self._kinds = kinds or {}
        self._also = also or {}
        self.wires: list[str] = []
        self.within_s: list[float] = []
        self.asked: list[tuple[str, dict[str, Any], Mapping[str, str] | None]] = []

    def kind(self, provider: str) -> str:
        return self._kinds.get(provider, "openai")

    def spoken(self, provider: str, caller: str) -> str:
        return caller if caller == self._also.get(provider) else self.kind(provider)

    def timeout_s(self, provider: str) -> float:
        assert provider
        return 60.0

    async def complete(
        self,
        provider: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        wire: str = "",
        within_s: float = math.inf,
    ) -> Completed:
        self.wires.append(wire)
        self.within_s.append(within_s)
        reply = await self._next(provider, body, headers)
        return Completed(json.dumps(reply).encode(), dict(reply), wire or self.kind(provider))

    async def stream(
        self,
        provider: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        wire: str = "",
        within_s: float = math.inf,
    ) -> "ScriptedStream":
        self.wires.append(wire)
        self.within_s.append(within_s)
        return ScriptedStream(await self._next(provider, body, headers))

    async def _next(self, provider: str, body: bytes, headers: Mapping[str, str] | None) -> Any:
        self.asked.append((provider, json.loads(body), headers))
        reply = self._replies.pop(0)
        if isinstance(reply, asyncio.Event):
            await reply.wait()
        if isinstance(reply, ProviderError):
            raise reply
        return reply


class ScriptedStream:
    """A stream of chunks."""

    told = ()

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self.first, *self._rest = chunks
        self.closed = False

    async def read(self) -> bytes:
        return self._rest.pop(0) if self._rest else b""

    def close(self) -> None:
        self.closed = True
