"""Messages the app sends to workers, by task name. The row is the truth, a message is a nudge.

A message that cannot be sent is not an error: the sweep finds the row. So `Dispatch` answers
whether it was sent, and after a failure holds its breath for a few seconds instead of making
every caller wait for a broker that is away.
"""

import time
import uuid
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import redis
import structlog
from kombu.exceptions import OperationalError

if TYPE_CHECKING:
    from celery import Celery

_log = structlog.get_logger(__name__)

SHADOW = "tierwatch.shadow_exchange"
JUDGE = "tierwatch.judge_exchange"
OBSERVE = "tierwatch.observe"
SWEEP = "tierwatch.sweep"
RETUNE = "tierwatch.retune"
ROLLOUT = "tierwatch.rollout"
RETENTION = "tierwatch.retention"
JUDGE_ANCHORS = "tierwatch.judge_anchors"
ASK_PROBES = "tierwatch.ask_probes"
ATTRIBUTE = "tierwatch.attribute_alerts"
WATCH_TRAFFIC = "tierwatch.watch_traffic"
LEARN = "tierwatch.learn"
REFIT = "tierwatch.refit"
REBUILD_TYPES = "tierwatch.rebuild_types"

QUEUE = "tierwatch"

# A broker that is away is asked again after this long; rows wait meanwhile.
_BREATH_S = 5.0


class Dispatch(Protocol):
    """Sends work to workers."""

    def shadow_exchange(self, exchange_id: uuid.UUID, *, wait_s: float = 0) -> bool:
        """Ask for the shadow answer of an exchange, ``wait_s`` seconds from now."""

    def judge_exchange(self, exchange_id: uuid.UUID, *, wait_s: float = 0) -> bool:
        """Ask for the verdict on an exchange's pair, ``wait_s`` seconds from now."""

    def backlog(self) -> int | None:
        """How many messages wait for a worker; None when the broker is away."""


def broker_options(*, read_timeout_s: float | None) -> dict[str, object]:
    """Options of the Redis transport, for sender and workers alike.

    redis-py raises MaxConnectionsError under many threads unless the pool is left unbounded;
    the socket time-outs keep a broker that is away from holding its callers.
    """
    return {
        "socket_connect_timeout": 2,
        "socket_timeout": read_timeout_s,
        "socket_keepalive": True,
        "visibility_timeout": 3600,
        "max_connections": 1000,
    }


class CeleryDispatch:
    """Sends through Redis."""

    def __init__(self, redis_url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = redis_url
        self._redis = redis.Redis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=5)
        self._clock = clock
        self._silent_until = float("-inf")

    @cached_property
    def _app(self) -> "Celery":
        """Who sends. Made for the first message: until then a process is 9 MB and .1 s lighter."""
        from celery import Celery  # noqa: PLC0415 - as above

        app = Celery("tierwatch-sender", broker=self._url, set_as_current=False)
        app.conf.update(
            broker_transport_options=broker_options(read_timeout_s=5),
            broker_connection_retry=False,
            broker_pool_limit=4,
            task_ignore_result=True,
            task_default_queue=QUEUE,
        )
        return app

    def shadow_exchange(self, exchange_id: uuid.UUID, *, wait_s: float = 0) -> bool:
        """Ask for the shadow answer of an exchange, ``wait_s`` seconds from now."""
        return self._send(SHADOW, exchange_id, wait_s)

    def judge_exchange(self, exchange_id: uuid.UUID, *, wait_s: float = 0) -> bool:
        """Ask for the verdict on an exchange's pair, ``wait_s`` seconds from now."""
        return self._send(JUDGE, exchange_id, wait_s)

    def backlog(self) -> int | None:
        """How many messages wait for a worker; None when the broker is away."""
        try:
            return int(self._redis.llen(QUEUE))
        except redis.RedisError:
            return None

    def _send(self, name: str, exchange_id: uuid.UUID, wait_s: float) -> bool:
        if self._clock() < self._silent_until:
            return False
        try:
            self._app.send_task(
                name, args=[str(exchange_id)], countdown=wait_s or None, retry=False
            )
        except (OperationalError, redis.RedisError, OSError) as problem:
            self._silent_until = self._clock() + _BREATH_S
            _log.warning("broker away, rows wait for the sweep", task=name, why=str(problem))
            return False
        return True


class KeptDispatch:
    """Keeps messages in a list: the twin for tests and for a laptop without a broker."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, uuid.UUID, float]] = []

    def shadow_exchange(self, exchange_id: uuid.UUID, *, wait_s: float = 0) -> bool:
        """Keep the message."""
        self.sent.append((SHADOW, exchange_id, wait_s))
        return True

    def judge_exchange(self, exchange_id: uuid.UUID, *, wait_s: float = 0) -> bool:
        """Keep the message."""
        self.sent.append((JUDGE, exchange_id, wait_s))
        return True

    def backlog(self) -> int | None:
        """How many messages were kept."""
        return len(self.sent)
