"""Responses that callers go on from by their id: kept in Redis for all gateways, and here.

Each is found by the caller's key and its id, so that nobody reads another's. What is kept has an
end in time and in size: one that is too long, or too old, is gone. Reading takes milliseconds or
finds nothing; writing is behind the request's back.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson

from tierwatch.config.gateway import ResponsesConfig
from tierwatch.faults import FAULTS
from tierwatch.gateway.memory.cache_store import CacheAbsentError, CacheStore
from tierwatch.wire.json_bytes import read_json, write_json

# As for pins: twenty times a round trip to a Redis in the same data centre.
_BUDGET_S = 0.010
# A client goes on as soon as it has an answer, perhaps at another process, where it may be a write
# away: a second look is worth more than the refusal.
_AGAIN_S = 0.025
# What this process remembers by itself, for a gateway without Redis, or while that is away.
_MOST_LOCAL_BYTES = 64 * 1024 * 1024
_MOST_WAITING = 64
# For what is being written at a stop.
_STOP_S = 2.0
_CONNECTIONS = 2
_VERSION = 2
# Stands in Redis for what was forgotten, as long as a process may remember it.
_GONE = b"gone"


class Kept(NamedTuple):
    """What is kept of a response.

    Attributes:
        provider: that keeps it too, under the same id; empty for one that only we can show.
        tier: that answered.
        items: the whole conversation, the answer last.
        response: as the caller got it; None where its provider can be asked for it.
        session: the conversation. What goes on from it need not repeat the instructions by which
            it would be known.
    """

    provider: str
    tier: str
    items: list[dict[str, Any]]
    response: dict[str, Any] | None
    session: str


class KeptResponses:
    """Responses by the caller's key and their id. Used by one event loop, between ``async with``.

    Args:
        section: whether any are kept, how long, and how long they may be.
        redis_url: Redis; None or empty keeps them in this process only.
        clock: epoch seconds.
    """

    def __init__(
        self, section: ResponsesConfig, redis_url: str | None, clock: Callable[[], float]
    ) -> None:
        self._section = section
        self._clock = clock
        self._most = section.max_kb * 1024
        on = section.keep and redis_url
        self._store = CacheStore(redis_url, connections=_CONNECTIONS) if on and redis_url else None
        self._local: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._local_bytes = 0
        self._writing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        if self._store is not None:
            await self._store.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writing:
            await asyncio.wait(self._writing, timeout=_STOP_S)
        if self._store is not None:
            await self._store.__aexit__(kind, error, trace)

    async def find(self, key: bytes, response_id: str) -> Kept | None:
        """What is kept under an id for a caller with this key; None where nothing is, or is known.

        Takes some tens of milliseconds at most, and never raises.
        """
        name = _name(key, response_id)
        # Redis first: another process may have forgotten what this one still remembers.
        value = await self._fetched(name) or self._remembered(name)
        if value is None and self._store is not None:
            await asyncio.sleep(_AGAIN_S)
            value = await self._fetched(name)
        return None if value is None or value == _GONE else _read(value)

    def keep(self, key: bytes, response_id: str, kept: Kept) -> bool:
        """Keep a response; whether that is done. Never waits, never raises."""
        if not self._section.keep:
            return False
        value = write_json([_VERSION, *kept])
        if len(value) > self._most:
            return False
        name = _name(key, response_id)
        self._remember(name, value)
        if self._store is not None and len(self._writing) < _MOST_WAITING:
            self._begin(self._write(self._store, name, value))
        return True

    async def drop(self, key: bytes, response_id: str) -> bool:
        """Forget a response, here and in Redis; whether every process has forgotten it now."""
        name = _name(key, response_id)
        self._forget(name)
        if self._store is None:
            return True
        if self._writing:  # perhaps this very one
            await asyncio.wait(self._writing, timeout=_STOP_S)
        try:
            await self._store.put(name, _GONE, ttl_s=self._section.ttl_s)
        except CacheAbsentError:
            return False
        return True

    def _begin(self, write: Any) -> None:
        task = asyncio.create_task(write)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, store: CacheStore, name: str, value: bytes) -> None:
        try:
            await store.put(name, value, ttl_s=self._section.ttl_s)
        except CacheAbsentError:
            pass  # this process remembers it
        except Exception as error:  # noqa: BLE001 - the caller has its answer; the loss is logged
            FAULTS.note("responses: keep", error)

    async def _fetched(self, name: str) -> bytes | None:
        if self._store is None:
            return None
        try:
            return await self._store.get(name, within_s=_BUDGET_S)
        except CacheAbsentError:
            return None

    def _remember(self, name: str, value: bytes) -> None:
        self._forget(name)
        self._local[name] = (self._clock() + self._section.ttl_s, value)
        self._local_bytes += len(value)
        while self._local_bytes > _MOST_LOCAL_BYTES:
            _, (_, oldest) = self._local.popitem(last=False)
            self._local_bytes -= len(oldest)

    def _remembered(self, name: str) -> bytes | None:
        until, value = self._local.get(name, (0.0, b""))
        if value and until <= self._clock():
            self._forget(name)
            return None
        return value or None

    def _forget(self, name: str) -> None:
        _, value = self._local.pop(name, (0.0, b""))
        self._local_bytes -= len(value)


def _name(key: bytes, response_id: str) -> str:
    """The key in Redis: a digest only."""
    digest = hashlib.blake2b(digest_size=20, person=b"tierwatch-resp")
    for part in (key, response_id.encode("utf-8", "surrogatepass")):
        digest.update(len(part).to_bytes(8, "big") + part)
    return f"tierwatch:response:{digest.hexdigest()}"


def _read(value: bytes) -> Kept | None:
    try:
        version, provider, tier, items, response, session = read_json(value)
    except (ValueError, TypeError, orjson.JSONDecodeError):
        return None
    known = version == _VERSION and isinstance(items, list)
    return Kept(provider, tier, items, response, session) if known else None
