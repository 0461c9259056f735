"""The lookup in the response cache, before a provider is asked.

A lookup may take ``budget_ms``, hashing included; whatever goes wrong is a miss.
"""

import time

import orjson

from tierwatch.config import CacheConfig, Config
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.cache.cache_entry import read_entry
from tierwatch.gateway.cache.cache_key import CacheKey, cache_key, read_wish, tenant_of
from tierwatch.gateway.cache.lookup import OFF, Lookup
from tierwatch.gateway.memory.cache_store import CacheAbsentError, CacheStore
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.wire.chat import RESPONSES


class CacheReader:
    """Looks for answers that were given before. Used by every request at once.

    Args:
        config: the whole tierwatch.yaml.
        store: where they are; opened and closed by its owner. None for a gateway without a cache.
        metrics: counts what became of each lookup.
    """

    def __init__(self, config: Config, store: CacheStore | None, metrics: GatewayMetrics) -> None:
        self._asked: CacheConfig = config.gateway.cache
        self._store = store
        self._counted = metrics.cache.lookups
        self._models = orjson.dumps(
            [
                (tier.name, place.model, place.provider, _address(config, place.provider))
                for tier in config.tiers
                for place in tier.served_at()
            ]
        )

    async def look_up(self, asked: Asked) -> Lookup:
        """Look for an answer. Never raises, and never takes longer than the budget.

        A hit is not counted yet: whether its answer is given is for the next step to say.
        """
        if self._store is None:
            return OFF
        began = time.perf_counter()
        wish = read_wish(asked.headers, asked.request)
        key = None if wish == "off" else self._key(asked)
        if key is None:
            return OFF
        if wish == "refresh":
            return self._missed("refresh", key)
        try:
            value = await self._fetch(self._store, key, began)
            lookup = read_entry(value, key) if value else None
        except CacheAbsentError as absent:
            return self._missed(absent.why, key)
        except ValueError:
            return self._missed("unreadable", key)
        return lookup or self._missed("refused" if value else "miss", key)

    def _key(self, asked: Asked) -> CacheKey | None:
        return cache_key(
            asked.wire,
            asked.headers,
            asked.request,
            asked="auto" if asked.pinned is None else asked.called,
            models=self._models,
            tenant=tenant_of(asked.key),
            semantic=self._asked.mode == "semantic",
            tools=self._asked.tools,
            any_temperature=self._asked.temperature == "any",
            said=asked.chat["messages"] if asked.wire == RESPONSES else None,
        )

    async def _fetch(self, store: CacheStore, key: CacheKey, began: float) -> bytes | None:
        left_s = self._asked.budget_ms / 1000 - (time.perf_counter() - began)
        if left_s <= 0:
            raise CacheAbsentError("slow")
        return await store.get(key.name, within_s=left_s)

    def _missed(self, why: str, key: CacheKey) -> Lookup:
        self._counted(why).inc()
        return Lookup("miss", key)


def _address(config: Config, provider: str) -> str:
    found = config.providers.get(provider)
    return "" if found is None else found.base_url
