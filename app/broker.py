"""The broker that carries the messages: Redis or RabbitMQ, told apart by its URL.

Both get a classic queue. A quorum queue needs Celery's native delayed delivery for a countdown,
which puts 27 queues of its own on the broker for messages of which none is the only copy.
"""

import ssl
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import redis
from amqp.exceptions import AMQPError
from kombu.exceptions import OperationalError

from tierwatch.settings import RABBIT_SCHEMES

if TYPE_CHECKING:
    # A gateway sends its first message long after its start; Celery is imported for that.
    from collections.abc import Callable

    from celery import Celery
    from kombu.connection import Connection

QUEUE = "tierwatch"

# No message is held back longer than this: RabbitMQ ends a consumer that keeps one for half an hour
# (consumer_timeout), Redis delivers one again that was kept for an hour (visibility_timeout).
LONGEST_COUNTDOWN_S = 300.0

# A sender waits this long for RabbitMQ to say that it has a message.
CONFIRM_WITHIN_S = 3.0

_CONNECT_WITHIN_S = 2
# Of a RabbitMQ that went silent, twice in a row: once for the channel, once for the connection.
_CLOSE_WITHIN_S = 1
# Silence of half this long is a dead peer. Celery's default of two minutes is two minutes without
# work while a broker is silent.
_HEARTBEAT_S = 20

AWAY = (OperationalError, AMQPError, redis.RedisError, OSError)


def is_rabbit(url: str) -> bool:
    """Whether a broker's URL is RabbitMQ's."""
    return urlsplit(url).scheme in RABBIT_SCHEMES


def sender_options(url: str) -> dict[str, Any]:
    """Celery's configuration for who sends and must not be held up: every wait has an end."""
    options: dict[str, Any] = {
        "broker_url": url,
        "broker_connection_timeout": _CONNECT_WITHIN_S,
        "broker_connection_retry": False,
        "broker_pool_limit": 4,
        "task_ignore_result": True,
        "task_default_queue": QUEUE,
    }
    if not is_rabbit(url):
        return options | {"broker_transport_options": _redis_options(read_timeout_s=5)}
    return options | {
        "broker_heartbeat": 0,  # nobody would send it between two messages
        "broker_transport_options": {
            "confirm_publish": True,
            "read_timeout": _CLOSE_WITHIN_S,
            "write_timeout": _CLOSE_WITHIN_S,
            # kombu's own tries before it says that nobody is there; the sweep is ours.
            "max_retries": 0,
        },
        "broker_use_ssl": _tls(url),
    }


def worker_options(url: str) -> dict[str, Any]:
    """Celery's configuration for workers and their scheduler: they outlive their broker."""
    options: dict[str, Any] = {
        "broker_url": url,
        # It keeps asking until the broker is back.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # 32 threads and the consumer share these.
        "broker_pool_limit": 20,
        "task_default_queue": QUEUE,
    }
    if not is_rabbit(url):
        return options | {"broker_transport_options": _redis_options(read_timeout_s=None)}
    return options | {
        "broker_heartbeat": _HEARTBEAT_S,
        "broker_transport_options": {"confirm_publish": True},
        "broker_use_ssl": _tls(url),
    }


def _redis_options(*, read_timeout_s: float | None) -> dict[str, object]:
    """Options of the Redis transport.

    redis-py raises MaxConnectionsError under many threads unless the pool is left unbounded;
    the socket time-outs keep a broker that is away from holding its callers.
    """
    return {
        "socket_connect_timeout": _CONNECT_WITHIN_S,
        "socket_timeout": read_timeout_s,
        "socket_keepalive": True,
        "visibility_timeout": 3600,
        "max_connections": 1000,
    }


def _tls(url: str) -> dict[str, object] | bool:
    """Without a name to compare it with, amqp takes anybody's valid certificate."""
    parts = urlsplit(url)
    if parts.scheme != "amqps":
        return False
    return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": parts.hostname}


class Depth(Protocol):
    """Counts what waits in the queue."""

    def __call__(self) -> int | None:
        """How many messages wait for a worker; None when the broker is away."""


def queue_depth(url: str, app: "Callable[[], Celery]") -> Depth:
    """What counts the queue of a broker; ``app`` lends its connections to RabbitMQ's."""
    return _RabbitDepth(app) if is_rabbit(url) else _RedisDepth(url)


class _RedisDepth:
    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_connect_timeout=_CONNECT_WITHIN_S, socket_timeout=5
        )

    def __call__(self) -> int | None:
        try:
            return int(self._redis.llen(QUEUE))
        except redis.RedisError:
            return None


class _RabbitDepth:
    """Asks by a declaration that may not create anything; only what no worker holds counts."""

    def __init__(self, app: "Callable[[], Celery]") -> None:
        self._app = app

    def __call__(self) -> int | None:
        try:
            with self._app().connection_for_write() as connection:
                return _messages(connection)
        except AWAY:
            return None


def _messages(connection: "Connection") -> int:
    try:
        found = connection.default_channel.queue_declare(queue=QUEUE, passive=True)
    except connection.channel_errors:  # no message was sent and no worker has come yet
        return 0
    return int(found.message_count)


def why_away(url: str, *, within_s: float) -> str:
    """Why the broker does not answer; empty when it does."""
    try:
        if is_rabbit(url):
            _greet_rabbit(url, within_s=within_s)
        else:
            with redis.Redis.from_url(
                url, socket_connect_timeout=within_s, socket_timeout=within_s
            ) as client:
                client.ping()
    except AWAY as problem:
        return str(problem) or type(problem).__name__
    return ""


def _greet_rabbit(url: str, *, within_s: float) -> None:
    from kombu.connection import Connection  # noqa: PLC0415 - as above

    connection = Connection(
        url,
        connect_timeout=within_s,
        ssl=_tls(url),
        transport_options={"read_timeout": within_s, "write_timeout": within_s},
    )
    try:
        connection.connect()
    except connection.connection_errors as problem:
        raise OperationalError(str(problem) or type(problem).__name__) from problem
    finally:
        connection.release()
