"""Where conversations stand: kept in Redis for all gateways, and in memory for this one.

The request path waits for Redis `BUDGET_S` at most, and not at all while Redis is away: then what
this gateway itself served counts. Lookups that arrive together share one round trip. Writes go out
behind the request's back, after its reply is closed.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import astuple
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Self

import orjson
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tierwatch.errors import SettingsError
from tierwatch.faults import keep_at
from tierwatch.gateway.memory.background import end
from tierwatch.routing.stickiness import Pin

# Twenty times a round trip to a Redis in the same data centre.
BUDGET_S = 0.010
# Lookups in a row that Redis left unanswered; after these nobody waits for it until it answers.
_MOST_MISSES = 3
# Before Redis is tried again, by a task of ours and not by a request.
_PAUSE_S = 2.0
# For connecting, and for an answer nobody waits for any more.
_STUCK_S = 1.0
# A pin is about 0.5 kB in memory with its key; an evicted one costs a conversation its hold.
_MOST_LOCAL = 20_000
_MOST_WRITES = 10_000
_WRITES_AT_ONCE = 500
# What waited this long for Redis to return may be older than what another gateway wrote since.
_STALE_WRITE_S = 10.0

_VERSION = 3
_AWAY = (RedisError, OSError, TimeoutError)

_log = structlog.get_logger()

_Write = tuple[Pin, float]
_Lookup = tuple[Sequence[str], "asyncio.Future[list[Pin | None]]"]


class Pins:
    """Pins by key. Use it as an async context manager inside the event loop that serves.

    Args:
        redis_url: Redis; None or empty keeps pins in this process only.
        idle_s: pins are kept this long.
        clock: epoch seconds.
        count: is given how each lookup was answered: ``shared | late | alone``.

    Raises:
        SettingsError: the URL is not one of Redis's.
    """

    def __init__(
        self,
        redis_url: str | None,
        *,
        idle_s: float,
        clock: Callable[[], float],
        count: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._idle_s = idle_s
        self._clock = clock
        self._count = count
        self._local: OrderedDict[str, Pin] = OrderedDict()
        self._writes: OrderedDict[str, _Write] = OrderedDict()
        self._lookups: list[_Lookup] = []
        self._misses = 0
        self._client = _client(redis_url) if redis_url else None
        self._tasks: list[asyncio.Task[None]] = []
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._asked = asyncio.Event()
        self._kept = asyncio.Event()

    async def __aenter__(self) -> Self:
        if self._client is not None:
            for work in (self._watch, self._read, self._write):
                kept = keep_at(partial(work, self._client), doing=f"pins: {work.__name__[1:]}")
                self._tasks.append(asyncio.create_task(kept))
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await end(self._tasks)
        self._tasks.clear()
        if self._client is not None:
            with contextlib.suppress(*_AWAY):
                async with asyncio.timeout(_STUCK_S):
                    if self._up.is_set():
                        await self._send(self._client)
                    await self._client.aclose()
        self._up.clear()

    async def find(self, keys: Sequence[str]) -> list[Pin | None]:
        """The newest pin of each key, or None. Takes `BUDGET_S` at most and never raises."""
        local = [self._local.get(key) for key in keys]
        if not self._up.is_set():
            self._count("alone")
            return local
        answer: asyncio.Future[list[Pin | None]] = asyncio.get_running_loop().create_future()
        self._lookups.append((keys, answer))
        self._asked.set()
        try:
            async with asyncio.timeout(BUDGET_S):
                shared = await answer
        except TimeoutError:
            self._missed("it is slow")
            self._count("late")
            return local
        self._misses = 0
        self._count("shared")
        return [_newest(*both) for both in zip(local, shared, strict=True)]

    def keep(self, key: str, pin: Pin) -> None:
        """Keep a pin. Memory only; Redis is told in the background."""
        self._local[key] = pin
        self._local.move_to_end(key)
        if len(self._local) > _MOST_LOCAL:
            self._local.popitem(last=False)
        if self._client is None:
            return
        self._writes[key] = (pin, self._clock())
        if len(self._writes) > _MOST_WRITES:
            self._writes.popitem(last=False)
        self._kept.set()

    def _missed(self, why: str) -> None:
        self._misses += 1
        if self._misses >= _MOST_MISSES:
            self._lost(why)

    def _lost(self, why: str) -> None:
        if self._up.is_set():
            _log.warning("redis away, this gateway knows its own conversations only", why=why)
            self._up.clear()
            self._down.set()

    async def _watch(self, client: Redis) -> None:
        """Say when Redis is there: at the start, and again after each time it was lost."""
        while True:
            try:
                async with asyncio.timeout(_STUCK_S):
                    await client.ping()
            except _AWAY:
                await asyncio.sleep(_PAUSE_S)
                continue
            self._misses = 0
            self._down.clear()
            self._up.set()
            await self._down.wait()
            await asyncio.sleep(_PAUSE_S)

    async def _read(self, client: Redis) -> None:
        while True:
            await self._up.wait()
            await self._asked.wait()
            self._asked.clear()
            lookups, self._lookups = self._lookups, []
            waiting = [(keys, answer) for keys, answer in lookups if not answer.done()]
            if not waiting:
                continue
            try:
                async with asyncio.timeout(_STUCK_S):
                    values = await client.mget([key for keys, _ in waiting for key in keys])
            except _AWAY as error:
                self._lost(type(error).__name__)
                for keys, answer in waiting:
                    if not answer.done():
                        answer.set_result([None] * len(keys))
                continue
            pins = map(_decoded, values)
            for keys, answer in waiting:
                found = list(islice(pins, len(keys)))
                if not answer.done():
                    answer.set_result(found)

    async def _write(self, client: Redis) -> None:
        while True:
            await self._up.wait()
            await self._kept.wait()
            self._kept.clear()
            try:
                async with asyncio.timeout(_STUCK_S):
                    await self._send(client)
            except _AWAY as error:
                self._lost(type(error).__name__)
                self._kept.set()

    async def _send(self, client: Redis) -> None:
        """Send what waits; a pin is taken off the list once it is sent."""
        while self._writes:
            oldest = self._clock() - _STALE_WRITE_S
            batch = list(islice(self._writes.items(), _WRITES_AT_ONCE))
            pipeline = client.pipeline(transaction=False)
            for key, (pin, kept_at) in batch:
                if kept_at >= oldest:
                    pipeline.set(key, _encoded(pin), px=max(1, int(self._idle_s * 1000)))
            # A Redis that is full or read-only refuses writes and still answers lookups.
            await pipeline.execute(raise_on_error=False)
            for key, write in batch:
                if self._writes.get(key) is write:
                    del self._writes[key]


def _client(url: str) -> Redis:
    try:
        return Redis.from_url(
            url,
            socket_connect_timeout=_STUCK_S,
            socket_timeout=_STUCK_S,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise SettingsError(
            f"TIERWATCH_REDIS_URL: found an address Redis's client refuses ({error});"
            " accepted: redis://:password@host:port/db"
        ) from error


def _newest(*pins: Pin | None) -> Pin | None:
    known = [pin for pin in pins if pin is not None]
    return max(known, key=lambda pin: pin.seen_at, default=None)


def _encoded(pin: Pin) -> bytes:
    return orjson.dumps([_VERSION, *astuple(pin)])


def _decoded(value: object) -> Pin | None:
    """The pin, or None for what no gateway of this version wrote."""
    if not isinstance(value, bytes):
        return None
    try:
        version, tier, model, provider, *numbers = orjson.loads(value)
        seen_at, warm, completion, turns, deployment = numbers
    except (ValueError, TypeError):
        return None
    named = all(isinstance(name, str) for name in (tier, model, provider, deployment))
    counted = all(type(number) is int and number >= 0 for number in (warm, completion, turns))
    if version != _VERSION or not named or not counted or not isinstance(seen_at, int | float):
        return None
    return Pin(tier, model, provider, float(seen_at), warm, completion, turns, deployment)
