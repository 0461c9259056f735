"""A cache in memory, which does what a test tells it."""

import asyncio

from tierwatch.gateway.memory.cache_store import Absence, CacheAbsentError


class StoreInMemory:
    """Answers by key. ``absent`` is why it cannot say; ``takes_s`` how long a write takes."""

    def __init__(self, *, absent: Absence | None = None, takes_s: float = 0.0) -> None:
        self.values: dict[str, bytes] = {}
        self.absent = absent
        self.takes_s = takes_s
        self.asked: list[float] = []

    async def get(self, key: str, *, within_s: float) -> bytes | None:
        self.asked.append(within_s)
        if self.absent is not None:
            raise CacheAbsentError(self.absent)
        return self.values.get(key)

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        await asyncio.sleep(self.takes_s)
        if self.absent is not None:
            raise CacheAbsentError(self.absent)
        self.values[key] = value
