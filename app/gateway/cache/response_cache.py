"""The response cache: looks before a provider is asked, keeps after the reply is closed.

A look may take ``budget_ms``, hashing included; whatever goes wrong is a miss. What is kept is an
answer and digests of the prompt, never the prompt. An answer in which the redactor finds something
to hide is not kept: it cannot be stored as it is, nor served as it would be stored.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import orjson
import structlog
from redis.asyncio.connection import parse_url

from tierwatch.config import CacheConfig, Config
from tierwatch.errors import SettingsError
from tierwatch.gateway.cache.cache_key import CacheKey, Wish, cache_key, tenant_of
from tierwatch.gateway.cache.cache_store import CacheAbsentError, CacheStore
from tierwatch.gateway.inbound import Headers
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.redact import Redactor
from tierwatch.routing.classify.classification import Classification
from tierwatch.routing.decision import Decision
from tierwatch.wire.cached_reply import CachedAnswer

_log = structlog.get_logger(__name__)

Status = Literal["hit", "semantic", "miss", "off"]

# Answers that wait to be written. More than this means Redis is slower than the traffic.
_MOST_WAITING = 64
# What an answer may consist of. Anything else a provider adds would be lost on the way.
_MESSAGE_KEYS = frozenset({"role", "content"})


@dataclass(frozen=True, slots=True)
class Look:
    """What became of a look into the cache.

    Attributes:
        status: for the caller.
        key: where to keep the answer; None when it is not to be kept.
        answer: on a hit.
    """

    status: Status
    key: CacheKey | None = None
    answer: CachedAnswer | None = None


OFF = Look("off")


class ResponseCache:
    """Answers that were given before. One per gateway process, used between ``async with``.

    Args:
        config: the whole tierwatch.yaml.
        url: of Redis.
        redact: what it would change is not kept.
    """

    def __init__(self, config: Config, *, url: str, redact: Redactor) -> None:
        self._asked: CacheConfig = config.gateway.cache
        self._store = CacheStore(url)
        self._redact = redact
        self._models = orjson.dumps(
            [
                (tier.name, place.model, place.provider, _address(config, place.provider))
                for tier in config.tiers
                for place in tier.served_at()
            ]
        )
        self._writing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._store.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.gather(*self._writing, return_exceptions=True)
        await self._store.__aexit__(kind, error, trace)

    async def look(
        self,
        wire: str,
        headers: Headers,
        request: Mapping[str, Any],
        *,
        asked: str,
        wish: Wish,
        count: Callable[[str], None],
    ) -> Look:
        """Look for an answer to a request. Never raises, and never takes longer than the budget.

        Args:
            wire: the caller's.
            headers: the caller's.
            request: as the caller sent it, its types checked.
            asked: ``auto``, or the pinned tier or model.
            wish: what the caller wants of the cache.
            count: told what became of it, in one word.
        """
        began = time.perf_counter()
        if wish == "off":
            return OFF
        key = cache_key(
            wire,
            headers,
            request,
            asked=asked,
            models=self._models,
            tenant=tenant_of(headers),
            semantic=self._asked.mode == "semantic",
            tools=self._asked.tools,
            any_temperature=self._asked.temperature == "any",
        )
        if key is None:
            return OFF
        try:
            value = b"" if wish == "refresh" else await self._fetch(key, began)
        except CacheAbsentError as absent:
            count(absent.why)
            return Look("miss", key)
        if not value:
            count("refresh" if wish == "refresh" else "miss")
            return Look("miss", key)
        return self._read(value, key, count)

    async def _fetch(self, key: CacheKey, began: float) -> bytes | None:
        left_s = self._asked.budget_ms / 1000 - (time.perf_counter() - began)
        if left_s <= 0:
            raise CacheAbsentError("slow")
        return await self._store.get(key.name, within_s=left_s)

    def _read(self, value: bytes, key: CacheKey, count: Callable[[str], None]) -> Look:
        try:
            kept = orjson.loads(value)
            to_the_letter = kept["verbatim"] == key.verbatim
            differs = not to_the_letter and kept["marks"] != key.marks
            answer = _answer(kept)
        except (ValueError, TypeError, KeyError, AttributeError):
            count("unreadable")
            return Look("miss", key)
        if differs:
            count("refused")
            return Look("miss", key)
        return Look("hit" if to_the_letter else "semantic", key, answer)

    def keep(self, look: Look, served: ServedExchange, metrics: GatewayMetrics) -> None:
        """Keep an answer for the next who asks, in the background. Never waits, never raises."""
        key = look.key
        if key is None or look.answer is not None:
            return
        content = _keepable(served)
        if content is None:
            return
        if len(content) > self._asked.max_answer_kb * 1024:
            metrics.cache_stores("too_long").inc()
            return
        if len(self._writing) >= _MOST_WAITING:
            metrics.cache_stores("dropped").inc()
            return
        task = asyncio.create_task(self._write(key, content, served, metrics))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(
        self, key: CacheKey, content: str, served: ServedExchange, metrics: GatewayMetrics
    ) -> None:
        try:
            # In a thread: a redactor may be anybody's code, and answers may be long.
            if await asyncio.to_thread(self._redact, content) != content:
                metrics.cache_stores("withheld").inc()
                return
            value = orjson.dumps(_entry(key, content, served))
            if len(value) > self._asked.max_answer_kb * 1024:
                metrics.cache_stores("too_long").inc()
                return
            await self._store.put(key.name, value, ttl_s=self._asked.ttl_s)
        except CacheAbsentError as absent:
            metrics.cache_stores(absent.why).inc()
        except Exception as error:  # noqa: BLE001 - the caller has its answer; the loss is counted and logged
            metrics.cache_stores("failed").inc()
            _log.warning("an answer was not kept in the cache", why=type(error).__name__)
        else:
            metrics.cache_stores("stored").inc()


def build_cache(config: Config, *, url: str, redact: Redactor) -> ResponseCache | None:
    """The cache that the configuration asks for; None when it is off.

    Raises:
        SettingsError: the URL is none of a Redis.
    """
    if config.gateway.cache.mode == "off":
        return None
    try:
        parse_url(url)
    except ValueError as problem:
        # The URL itself is not shown: it may hold a password.
        raise SettingsError(
            f"TIERWATCH_CACHE_URL: found a URL that is no Redis's ({str(problem).split(':')[0]});"
            " accepted redis://:password@host:port/db"
        ) from problem
    return ResponseCache(config, url=url, redact=redact)


def _address(config: Config, provider: str) -> str:
    found = config.providers.get(provider)
    return "" if found is None else found.base_url


def _keepable(served: ServedExchange) -> str | None:
    """The text of an answer that may be given again; None when it may not.

    It must be whole, have ended by itself, be nothing but a text, and come from the tier that the
    router chose on purpose.
    """
    decision, message = served.decision, served.answer
    if not served.finished or served.status != 200 or message is None:  # noqa: PLR2004 - HTTP's OK
        return None
    if served.finish_reason != "stop" or served.served_tier != decision.tier:
        return None
    if decision.reason.startswith("classifier_failed"):
        return None
    if any(value for name, value in message.items() if name not in _MESSAGE_KEYS):
        return None
    content = message.get("content")
    return content if isinstance(content, str) and content.strip() else None


def _entry(key: CacheKey, content: str, served: ServedExchange) -> dict[str, Any]:
    decision = served.decision
    counted = not served.tokens_estimated
    return {
        "verbatim": key.verbatim,
        "marks": dict(key.marks),
        "content": content,
        "tier": served.served_tier,
        "model": served.served_model,
        "tokens": [served.prompt_tokens, served.completion_tokens] if counted else [None, None],
        "classification": _classification(decision),
        "policy_version": decision.policy_version,
        "kept_at": served.arrived_at,
    }


def _classification(decision: Decision) -> dict[str, Any] | None:
    if not decision.confidences:
        return None
    return {
        "label": decision.label,
        "confidence": decision.confidence,
        "task_type": decision.task_type,
        "confidences": dict(decision.confidences),
    }


def _answer(kept: Mapping[str, Any]) -> CachedAnswer:
    prompt, completion = kept["tokens"]
    said = kept["classification"]
    return CachedAnswer(
        content=kept["content"],
        tier=kept["tier"],
        model=kept["model"],
        tokens=(prompt, completion),
        classification=None if said is None else Classification(**said),
    )
