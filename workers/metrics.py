"""What a worker counts for Prometheus, and the port that shows it."""

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from tierwatch.faults import FAULTS

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from tierwatch.broker import Depth

# A tick takes milliseconds, a judgement seconds, a pass of anchors minutes.
_SECONDS: Final = (0.01, 0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 300)
_TEXT: Final = "text/plain; charset=utf-8"

_log = structlog.get_logger(__name__)


class WorkerMetrics(Collector):
    """A worker's series, in one registry.

    Attributes:
        registry: what ``/metrics`` shows.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._depth: Depth | None = None
        self._under_way = 0
        self._lock = threading.Lock()
        self._tasks = Counter(
            "tierwatch_worker_tasks",
            "Tasks that ended, by name and by outcome: done, or survived a fault.",
            ["task", "outcome"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "tierwatch_worker_task_seconds",
            "How long tasks took.",
            ["task"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering must not ask the broker."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """The series of this moment."""
        yield GaugeMetricFamily(
            "tierwatch_worker_tasks_in_flight", "Tasks at work.", self._under_way
        )
        queue = GaugeMetricFamily(
            "tierwatch_worker_queue_messages",
            "Messages that no worker has taken; absent while the broker is away.",
        )
        waiting = None if self._depth is None else self._depth()
        if waiting is not None:
            queue.add_metric([], waiting)
        yield queue
        yield GaugeMetricFamily(
            "tierwatch_worker_broker_up",
            "1 while the broker answers this worker.",
            float(waiting is not None),
        )
        faults = CounterMetricFamily(
            "tierwatch_faults",
            "Exceptions that a guard noted; the log has one a minute of each cause.",
            labels=("doing", "cause"),
        )
        for key, count in sorted(FAULTS.counts().items()):
            faults.add_metric(key, count)
        yield faults

    def watch_queue(self, depth: "Depth") -> None:
        """Ask this at each scrape for how many messages wait."""
        self._depth = depth

    def begins(self) -> float:
        """A task begins; gives what `ends` is to be told."""
        with self._lock:
            self._under_way += 1
        return time.monotonic()

    def ends(self, task: str, begun: float, *, done: bool) -> None:
        """It has ended."""
        with self._lock:
            self._under_way -= 1
        self._tasks.labels(task, "done" if done else "fault").inc()
        self._seconds.labels(task).observe(time.monotonic() - begun)


# Of this process, as its tasks are.
METRICS: Final = WorkerMetrics()


def page(metrics: WorkerMetrics, token: str) -> Callable[..., Iterable[bytes]]:
    """The WSGI application: ``/metrics`` for whoever shows the token, ``/healthz`` for anybody."""
    expected = hashlib.sha256(token.encode()).digest()

    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/healthz":
            start("200 OK", [("Content-Type", _TEXT)])
            return [b"ok\n"]
        if environ["PATH_INFO"] != "/metrics":
            start("404 Not Found", [("Content-Type", _TEXT)])
            return [b"/metrics and /healthz are here\n"]
        if token:
            scheme, _, shown = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
            found = hashlib.sha256(shown.strip().encode("latin-1", "replace")).digest()
            if scheme.lower() != "bearer" or not hmac.compare_digest(found, expected):
                headers = [("Content-Type", _TEXT), ("WWW-Authenticate", "Bearer")]
                start("401 Unauthorized", headers)
                return [b"Show TIERWATCH_METRICS_TOKEN, as Authorization: Bearer.\n"]
        start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
        return [generate_latest(metrics.registry)]

    return answer


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 10  # of a scraper that says nothing

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base
        del format, args


def show(metrics: WorkerMetrics, host: str, port: int, *, token: str) -> WSGIServer | None:
    """Show the metrics in a thread of their own until ``shutdown()`` of what is given.

    A port that is taken is logged, and gives None: metrics keep nobody from working.
    """
    try:
        server = make_server(host, port, page(metrics, token), _Server, _Quiet)
    except OSError as problem:
        _log.warning("no metrics are shown", host=host, port=port, problem=str(problem))
        return None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
