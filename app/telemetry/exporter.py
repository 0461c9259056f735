"""Exporter: spans or log records wait in a bounded queue, and a thread sends them in batches.

Whoever adds one never waits. A collector that is away costs what waits and nothing else: a batch is
tried again with growing pauses, the queue fills, and what does not fit is dropped and counted.
"""

import gzip
import http.client
import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Literal
from urllib.parse import urlsplit

import structlog

from tierwatch.faults import FAULTS
from tierwatch.telemetry.otel_environment import OtelSettings
from tierwatch.telemetry.wire_format import sized, text_attribute, varint, written_key

Result = Literal["taken", "later", "refused"]
Post = Callable[[bytes], Result]

# As the specification has them: what else is refused is not sent again.
_LATER: Final = frozenset({408, 429, 502, 503, 504})
_SUCCESS, _REDIRECT = 200, 300
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0
_MOST_TRIES: Final = 5
_SCOPE: Final = sized(b"\x0a", sized(b"\x0a", b"tierwatch"))

_log = structlog.get_logger(__name__)


class Exporter:
    """Sends spans, or log records, to a collector: requests of both have the same fields.

    Args:
        settings: of the queue and of the process.
        post: sends one body; by default to the collector that the settings name.
    """

    def __init__(self, settings: OtelSettings, post: Post | None = None) -> None:
        self._settings = settings
        self._post, self._close = (post, _nothing) if post else _connection(settings)
        self._resource = _resource(settings.resource)
        self._queue: deque[bytes] = deque()
        self._wake = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        self.exported = 0
        self.dropped = 0

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def add(self, item: bytes) -> None:
        """Queue one, unless the queue is full."""
        queue = self._queue
        if len(queue) >= self._settings.most_queued:
            self.dropped += 1
            return
        queue.append(item)
        if len(queue) == self._settings.most_sent:
            self._wake.set()

    def stop(self, within_s: float) -> None:
        """Send what waits, once, and end; what is not sent by then is dropped."""
        self._over.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def _run(self) -> None:
        while not self._over.is_set():
            self._wake.wait(self._settings.every_s)
            self._wake.clear()
            if self._queue:
                self._send(self._batch())
            # Full batches; the rest waits for more, or a busy gateway would send tiny ones.
            while len(self._queue) >= self._settings.most_sent and not self._over.is_set():
                self._send(self._batch())
        while self._queue:
            self._send(self._batch())
        self._close()

    def _batch(self) -> list[bytes]:
        count = min(len(self._queue), self._settings.most_sent)
        return [self._queue.popleft() for _ in range(count)]

    def _send(self, batch: list[bytes]) -> None:
        body = self._request(batch)
        pause_s = _FIRST_PAUSE_S
        for _ in range(_MOST_TRIES):
            try:
                result = self._post(body)
            except Exception as error:  # noqa: BLE001 - a thread that ends would fill the queue for ever
                FAULTS.note("telemetry: to send", error)
                result = "later"
            if result == "taken":
                self.exported += len(batch)
                return
            if result == "refused" or self._over.is_set():
                break
            self._over.wait(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        self.dropped += len(batch)
        _log.warning("the collector did not take a batch", size=len(batch), dropped=self.dropped)

    def _request(self, batch: list[bytes]) -> bytes:
        # From the lengths, so that what was added is copied once.
        scope = b"\x12" + varint(len(_SCOPE) + sum(map(len, batch))) + _SCOPE
        whole = len(self._resource) + len(scope) + sum(map(len, batch))
        return b"".join((b"\x0a", varint(whole), self._resource, scope, *batch))


def _resource(attributes: Mapping[str, str]) -> bytes:
    written = b"".join(
        sized(b"\x0a", text_attribute(written_key(key), value)) for key, value in attributes.items()
    )
    return sized(b"\x0a", written)


def _nothing() -> None:
    """Close nothing."""


def _connection(settings: OtelSettings) -> tuple[Post, Callable[[], None]]:
    """Posts over a connection that is kept, from one thread; and what closes it."""
    parts = urlsplit(settings.url)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    headers = {**settings.headers, "content-type": "application/x-protobuf"}
    if settings.compressed:
        headers["content-encoding"] = "gzip"
    host, port = parts.hostname or "", parts.port
    made: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        made = http.client.HTTPSConnection(host, port, timeout=settings.timeout_s, context=context)
    else:
        made = http.client.HTTPConnection(host, port, timeout=settings.timeout_s)

    def post(body: bytes) -> Result:
        sent = gzip.compress(body, 1) if settings.compressed else body
        try:
            made.request("POST", path, sent, headers)
            answer = made.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            made.close()  # the next request opens it anew
            return "later"
        if _SUCCESS <= answer.status < _REDIRECT:
            return "taken"
        return "later" if answer.status in _LATER else "refused"

    return post, made.close
