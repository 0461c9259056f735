"""Redis as a cache on the request path: a few milliseconds, or it is as if it were not there.

No request waits for a connection to come up, and none finds out whether Redis is back: after
three failures in a row the store is closed, a task of its own pings until there is an answer, and
until then every lookup returns at once.
"""

import asyncio
import contextlib
import time
from types import TracebackType
from typing import Literal, Self

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tierwatch.faults import keep_at
from tierwatch.gateway.memory.background import end

_log = structlog.get_logger(__name__)

_FAILURES = 3
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_PING_S = 1.0
# Start-up waits this long for Redis, so that the first request can already be answered from it.
_START_S = 0.5
# An answer takes a tenth of a millisecond to fetch: eight at once are more than one process asks.
_CONNECTIONS = 8
# Writing is nobody's wait, but a write that hangs holds a connection.
_WRITE_S = 1.0

Absence = Literal["away", "slow", "failed"]


class CacheAbsentError(Exception):
    """The cache cannot say: it is closed, took too long, or failed. Never leaves the gateway."""

    def __init__(self, why: Absence) -> None:
        super().__init__(why)
        self.why: Absence = why


class CacheStore:
    """Answers by key. Used by one event loop, between ``async with``.

    Args:
        url: of Redis.
        connections: that are kept; more is asked of it at once than there are of them, it waits.

    Attributes:
        open: False while Redis is away; then nothing is asked of it.
    """

    def __init__(self, url: str, *, connections: int = _CONNECTIONS) -> None:
        self._url = url
        self._connections = connections
        self._redis: Redis | None = None
        self._failures = 0
        self._mending: asyncio.Task[None] | None = None
        self.open = False

    async def __aenter__(self) -> Self:
        pool = BlockingConnectionPool.from_url(
            self._url,
            max_connections=self._connections,
            timeout=_PING_S,
            socket_timeout=_PING_S,
            socket_connect_timeout=_PING_S,
            retry=Retry(NoBackoff(), 0),
            # The older wire needs fewer words before the first question.
            protocol=2,
            driver_info=None,
        )
        self._redis = Redis.from_pool(pool)
        if not await self._answers(_START_S):
            _log.warning("redis away at start, the response cache is closed")
            self._close()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.open = False
        if self._mending is not None:
            await end([self._mending])
        if self._redis is not None:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(_PING_S):
                    await self._redis.aclose()

    async def get(self, key: str, *, within_s: float) -> bytes | None:
        """The value of a key, or None.

        Raises:
            CacheAbsentError: there is no answer in this time.
        """
        redis = self._redis
        if not self.open or redis is None:
            raise CacheAbsentError("away")
        try:
            async with asyncio.timeout(within_s):
                value = await redis.get(key)
        except TimeoutError:
            self._failed()
            raise CacheAbsentError("slow") from None
        except (RedisError, OSError) as error:
            self._failed()
            raise CacheAbsentError("failed") from error
        self._failures = 0
        return value.encode() if isinstance(value, str) else value

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep a value for a while. Not for the request path.

        Raises:
            CacheAbsentError: it was not kept.
        """
        redis = self._redis
        if not self.open or redis is None:
            raise CacheAbsentError("away")
        try:
            async with asyncio.timeout(_WRITE_S):
                await redis.set(key, value, px=max(1, int(ttl_s * 1000)))
        except TimeoutError:
            self._failed()
            raise CacheAbsentError("slow") from None
        except (RedisError, OSError) as error:
            # Redis that is full answers, and may still be read.
            raise CacheAbsentError("failed") from error

    def _failed(self) -> None:
        self._failures += 1
        if self._failures >= _FAILURES and self.open:
            _log.warning("the response cache is closed until redis answers")
            self._close()

    def _close(self) -> None:
        self.open = False
        self._mending = asyncio.create_task(keep_at(self._mend, doing="cache: mend"))

    async def _mend(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            await asyncio.sleep(pause_s)
            if await self._answers(_PING_S):
                _log.info("the response cache is open again")
                return
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _answers(self, within_s: float) -> bool:
        """Open when Redis answers on every connection: requests then find them all connected."""
        redis = self._redis
        if redis is None:
            return False
        began = time.monotonic()
        try:
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(redis.ping() for _ in range(self._connections)))
        except (TimeoutError, RedisError, OSError) as error:
            _log.debug("redis does not answer", why=repr(error), after_s=time.monotonic() - began)
            return False
        self._failures = 0
        self.open = True
        return True
