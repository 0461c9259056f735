"""Keeping an answer for the next who asks the same, once the reply is closed.

What is kept is the answer and digests of the prompt, never the prompt. An answer in which the
redactor finds something to hide is not kept: it cannot be stored as it is, nor served as it would
be stored.
"""

import asyncio
from types import TracebackType
from typing import Self

from tierwatch.config import CacheConfig
from tierwatch.faults import FAULTS
from tierwatch.gateway.cache.cache_entry import write_entry
from tierwatch.gateway.cache.cache_key import CacheKey
from tierwatch.gateway.cache.lookup import Lookup
from tierwatch.gateway.cache.response_cache import ResponseCache
from tierwatch.gateway.memory.cache_store import CacheAbsentError
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.loop.capture.exchange import ServedExchange

# For what is being written at a stop; a redactor of somebody's may hang.
_STOP_S = 2.0
# Answers that wait to be written. More than this means Redis is slower than the traffic.
_MOST_WAITING = 64
# What an answer may consist of. Anything else a provider adds would be lost on the way.
_MESSAGE_KEYS = frozenset({"role", "content"})


class CacheWriter:
    """Keeps answers in the background. Leaving its context waits for what is being written.

    Args:
        section: the longest answer, and how long one is kept.
        cache: where to; opened before this and closed after it. None keeps nothing.
        metrics: counts what became of each answer.
    """

    def __init__(
        self, section: CacheConfig, cache: ResponseCache | None, metrics: GatewayMetrics
    ) -> None:
        self._ttl_s = section.ttl_s
        self._most = section.max_answer_kb * 1024
        self._cache = cache
        self._counted = metrics.cache.stores
        self._writing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writing:  # a redactor of somebody's that hangs must not hold up the stop
            await asyncio.wait(self._writing, timeout=_STOP_S)

    def keep(self, lookup: Lookup, served: ServedExchange) -> None:
        """Keep an answer for the next who asks. Never waits, never raises."""
        cache, key = self._cache, lookup.key
        if cache is None or key is None or lookup.answer is not None:
            return
        content = keepable_text(served)
        if content is None:
            return
        if len(content) > self._most:
            self._counted("too_long").inc()
            return
        if len(self._writing) >= _MOST_WAITING:
            self._counted("dropped").inc()
            return
        task = asyncio.create_task(self._write(cache, key, content, served))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(
        self, cache: ResponseCache, key: CacheKey, content: str, served: ServedExchange
    ) -> None:
        try:
            # In a thread: a redactor may be anybody's code, and answers may be long.
            if await asyncio.to_thread(cache.redact, content) != content:
                self._counted("withheld").inc()
                return
            value = write_entry(key, content, served)
            if len(value) > self._most:
                self._counted("too_long").inc()
                return
            await cache.store.put(key.name, value, ttl_s=self._ttl_s)
        except CacheAbsentError as absent:
            self._counted(absent.why).inc()
        except Exception as error:  # noqa: BLE001 - the caller has its answer; the loss is counted and logged
            self._counted("failed").inc()
            FAULTS.note("cache: keep an answer", error)
        else:
            self._counted("stored").inc()


def keepable_text(served: ServedExchange) -> str | None:
    """The text of an answer that may be given again; None when it may not.

    It must be whole, have ended by itself, be nothing but a text, and come from the tier that the
    router chose on purpose.
    """
    decision, message = served.decision, served.answer
    if not (served.finished and served.kept) or served.status != 200 or message is None:  # noqa: PLR2004 - HTTP's OK
        return None
    if served.finish_reason != "stop" or served.served_tier != decision.tier:
        return None
    if decision.reason.startswith("classifier_failed"):
        return None
    if any(value for name, value in message.items() if name not in _MESSAGE_KEYS):
        return None
    content = message.get("content")
    return content if isinstance(content, str) and content.strip() else None
