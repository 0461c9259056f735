"""The response cache as the configuration asks for it: where answers are, and what is not kept."""

from dataclasses import dataclass

from redis.asyncio.connection import parse_url

from tierwatch.config import Config
from tierwatch.errors import SettingsError
from tierwatch.gateway.memory.cache_store import CacheStore
from tierwatch.loop.capture.redact import Redactor


@dataclass(frozen=True, slots=True)
class ResponseCache:
    """What a gateway needs to give answers again.

    Attributes:
        store: opened and closed with the application.
        redact: an answer that it would change is not kept.
    """

    store: CacheStore
    redact: Redactor


def build_cache(config: Config, *, url: str, redact: Redactor) -> ResponseCache | None:
    """The cache that the configuration asks for; None when it is off.

    Raises:
        SettingsError: there is no URL, or it is none of a Redis.
    """
    if config.gateway.cache.mode == "off":
        return None
    if not url:
        raise SettingsError(
            "gateway.cache is on and no Redis is named: set TIERWATCH_REDIS_URL or"
            " TIERWATCH_CACHE_URL, as redis://:password@host:port/db, or gateway.cache.mode: off"
        )
    try:
        parse_url(url)
    except ValueError as problem:
        # The URL itself is not shown: it may hold a password.
        raise SettingsError(
            f"TIERWATCH_CACHE_URL: found a URL that is no Redis's ({str(problem).split(':')[0]});"
            " accepted redis://:password@host:port/db"
        ) from problem
    return ResponseCache(CacheStore(url), redact)
