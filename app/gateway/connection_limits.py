"""What a connection to the gateway may take before its request is there: bytes, headers, time.

uvicorn's protocol over httptools has no such limits (seen: heads of any size, half-sent requests
for ever, HTTP/0.9, requests without a host). Whoever exceeds one gets a sentence and is hung up on;
requests that came before it on the same connection are answered first.
A request that arrives in one piece pays for two comparisons and a pass over its headers' names.
"""

import asyncio
import math
from functools import cache, lru_cache
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from tierwatch.descriptors import descriptors
from tierwatch.gateway.cycle import Cycle
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.refusal import Refusal
from tierwatch.wire.wires import WIRES

# Cookies of a whole company's domain and a token of an identity provider are below 32 KiB.
MOST_HEAD_BYTES = 64 * 1024
MOST_HEADERS = 200
# From its first byte; the slowest honest network needs a few round trips.
HEAD_S = 15.0
# A body may take this long, and a second more for each KiB that has come: a caller on a bad line
# sends 20 MB in hours, one who says nothing more is hung up on.
BODY_S = 20.0
BODY_BYTES_S = 1024
# Each takes two descriptors, its own and that to a provider, and some 20 KiB.
MOST_CONNECTIONS = 10_000
# The process has files, threads and connections of its own.
_OWN_DESCRIPTORS = 64
# What says where a body ends.
_FRAMES = (b"content-length", b"transfer-encoding")
# After a refusal what its caller is still sending is read and dropped: closed at once, the kernel
# would reset the connection, and the sentence would be lost on its way.
_LINGER_S = 1.0
_LINGER_BYTES = 1024 * 1024
# uvloop rounds its timers to milliseconds.
_CLOCK_S = 0.002

_HEAD_TOO_LARGE = Refusal(
    431,
    f"The request's head is larger than this gateway accepts: {MOST_HEAD_BYTES // 1024} KiB in"
    f" {MOST_HEADERS} headers.",
    code="head_too_large",
)
_HEAD_TOO_SLOW = Refusal(
    408, f"The request's head was not here {HEAD_S:g} s after its first byte.", code="too_slow"
)
_BODY_TOO_SLOW = Refusal(
    408,
    f"The request's body came too slowly: accepted are {BODY_S:g} s, and a second more a KiB.",
    code="too_slow",
)
_NO_HOST = Refusal(400, "HTTP/1.1 wants one Host header.", code="invalid_http")
_OLD_HTTP = Refusal(505, "Accepted: HTTP/1.1 and HTTP/1.0.", code="invalid_http")
_NOT_HTTP = Refusal(400, "This is not a request of HTTP/1.1.", code="invalid_http")


@cache
def most_connections() -> int:
    """How many callers may be connected at once."""
    have = descriptors(2 * MOST_CONNECTIONS + _OWN_DESCRIPTORS)
    return max(1, (have - _OWN_DESCRIPTORS) // 2)


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol with limits. One object a connection; made by uvicorn."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._in_head = False
        self._in_body = False
        # Bytes of the head, and of the body, that is coming in; and since when.
        self._size = 0
        self._since = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._refusal: Refusal | None = None
        self._dropped = 0
        # The request that is being answered; `cycle` is the last one that came.
        self._serving: RequestResponseCycle | None = None
        # Headers that frame a body which the parser is about to pass over.
        self._framing: list[tuple[bytes, bytes]] = []
        self._repeating = False
        # Since when nothing has been under way; never, while something is.
        self._resting_since = math.inf

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        """Take a connection, if there is room; one that never says a word is closed in time."""
        super().connection_made(transport)
        most = most_connections()
        if len(self.connections) > most:
            self._refuse(
                Refusal(
                    503,
                    f"This gateway has {most:,} connections, as many as it accepts.",
                    "api_error",
                    "too_many_connections",
                    retry_after_s=1.0,
                )
            )
            return
        self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._unwatch()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        # uvicorn tells the last request that its caller has gone: it may be waiting for its turn.
        self.cycle = self._serving  # type: ignore[assignment]  # none before the first, as in uvicorn
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take some bytes, of one request or of several."""
        if self._refusal is not None:
            self._drop(data)
            return
        self._unset_keepalive_if_required()
        self._size += len(data)
        # Empty lines before a request belong to its head: they must not keep a connection for ever.
        self._in_head = not self._in_body
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(self._refusal or _NOT_HTTP)
        else:
            if self._in_head and self._size > MOST_HEAD_BYTES:
                self._refuse(_HEAD_TOO_LARGE)
            elif self._in_head or self._in_body:
                self._watch_from_now()
            elif self._watch is not None:
                self._unwatch()

    def _feed(self, data: bytes) -> None:
        """Parse some bytes. Nothing to upgrade to is offered: such requests are served as others.

        httptools takes what follows a head that asks for an upgrade for the other protocol, and the
        body for none (seen: Java's client asks each new connection for h2c, and its first chat
        had no body). A new parser, which is given the body's framing alone, goes on behind it.
        """
        rest: bytes | memoryview = data
        while True:
            try:
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as wish:
                if self.scope["method"] == "CONNECT":
                    return  # what follows is not ours to read
                rest = memoryview(rest)[wish.args[0] :]
                self._begin_again()
            else:
                return

    def _begin_again(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        if not self._framing:
            return
        lines = b"".join([b"%s: %s\r\n" % header for header in self._framing])
        self._framing = []
        self._repeating = True
        self.parser.feed_data(b"POST %s HTTP/1.1\r\n%s\r\n" % (self.url, lines))
        self._repeating = False

    def on_response_complete(self) -> None:
        """Go on to the next request, or rest. As uvicorn does it, but for who notices a long rest.

        Requests are not counted, which is for a limit that a gateway has not. uvicorn's timer, set
        and cancelled with each request, cost 1 us: this one is set once in `timeout_keep_alive`
        seconds and finds out when it rings.
        """
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._rest()

    def _rest(self) -> None:
        """Nothing is under way: close the connection, unless something comes in time."""
        self._resting_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._ring_in(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        self._resting_since = math.inf

    def _ring_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self._rested)

    def _rested(self) -> None:
        self.timeout_keep_alive_task = None
        left_s = self._resting_since + self.timeout_keep_alive - self.loop.time()
        if left_s <= _CLOCK_S:
            self.timeout_keep_alive_handler()
        elif left_s < math.inf:
            self._ring_in(left_s)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._serving = cycle
        super()._start_asgi_task(cycle, app)

    def on_message_begin(self) -> None:
        """A request begins, perhaps behind another one in the same bytes."""
        super().on_message_begin()
        self._in_head, self._in_body = True, False
        self._unset_keepalive_if_required()  # the same bytes may have ended the one before

    def on_headers_complete(self) -> None:
        """The head is here: serve the request, or do not."""
        if self._repeating:
            self._in_head, self._in_body = False, True
            return
        self._refusal = self._head_problem()
        if self._refusal is not None:
            raise ValueError(self._refusal.code)  # the parser stops, and says so
        self._begin()  # raises for an address that cannot be read
        self._in_head, self._in_body = False, True
        self._size = 0
        self._unwatch()
        if self.parser.should_upgrade() and self.scope["method"] != "CONNECT":
            self._framing = [header for header in self.headers if header[0] in _FRAMES]

    def _begin(self) -> None:
        """Have the request served; one behind another that is under way waits for its turn.

        As uvicorn does it, but for who writes the reply (`cycle`).
        """
        version, before = self.parser.get_http_version(), self.cycle
        scope = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["path"], scope["raw_path"], scope["query_string"] = _address(self.url)
        self.cycle = Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_body(self, body: bytes) -> None:
        """Some of the body is here."""
        self._size += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole request is here, unless the parser has passed over its body."""
        if self._framing:
            return
        self._in_body = False
        self._size = 0
        super().on_message_complete()
        if self.cycle.response_complete:  # a refusal, say, that did not wait for the body
            self._rest()

    def _head_problem(self) -> Refusal | None:
        headers = self.headers
        if len(headers) > MOST_HEADERS:
            return _HEAD_TOO_LARGE
        # What has come since the head began may hold the body and further requests as well.
        if self._size > MOST_HEAD_BYTES:
            size = len(self.url) + sum(len(name) + len(value) for name, value in headers)
            if size > MOST_HEAD_BYTES:
                return _HEAD_TOO_LARGE
        hosts = 0
        for name, _ in headers:
            if name == b"host":
                hosts += 1
        if hosts == 1:
            return None
        version = self.parser.get_http_version()
        if version == "1.0" and hosts == 0:
            return None
        return _NO_HOST if version in {"1.0", "1.1"} else _OLD_HTTP

    def _watch_from_now(self) -> None:
        if self._watch is None:
            self._since = self.loop.time()
            self._watch = self.loop.call_later(HEAD_S if self._in_head else BODY_S, self._overdue)

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _overdue(self) -> None:
        self._watch = None
        if self._in_head:
            self._refuse(_HEAD_TOO_SLOW)
            return
        # While nobody reads, because an answer is under way, its caller cannot send.
        left_s = self._since + BODY_S + self._size / BODY_BYTES_S - self.loop.time()
        if self.flow.read_paused or left_s > 0:
            self._watch = self.loop.call_later(left_s if left_s > 0 else 1.0, self._overdue)
        elif self.cycle.response_started:
            self.transport.close()
        else:
            self._refuse(_BODY_TOO_SLOW)

    def _refuse(self, refusal: Refusal) -> None:
        """Say why, and hang up once the caller can have read it."""
        self._refusal = refusal
        self._unwatch()
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            return
        if self._answers_earlier():
            return  # no place for a word; uvicorn hangs up behind the last answer
        if self._in_body and self.cycle.response_started:
            self.transport.close()
            return
        self.transport.write(_response(refusal, _wire_at(self.url_so_far)))
        if self._in_body or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)

    def _answers_earlier(self) -> bool:
        """Have the requests before a refused one answered, and no more; False if all are."""
        if self._in_body:
            if self.cycle is self._serving:
                return False
            self.pipeline.popleft()
            self.cycle = self.pipeline[0][0] if self.pipeline else self._serving  # type: ignore[assignment]  # it waited for one
        if self.cycle is None or self.cycle.response_complete:
            return False
        self.shutdown()  # uvicorn's: the last reply is to close the connection
        return True

    @property
    def url_so_far(self) -> bytes:
        """The address that is asked for; empty before it is known."""
        return getattr(self, "url", b"")

    def _drop(self, data: bytes) -> None:
        self._dropped += len(data)
        if self._dropped > _LINGER_BYTES:
            self.transport.abort()


# Callers ask for a few paths.
@lru_cache(maxsize=64)
def _address(url: bytes) -> tuple[str, bytes, bytes]:
    """Path, the path as it was sent, and what stands behind it.

    >>> _address(b"/v1/models/a%20b?x=1")
    ('/v1/models/a b', b'/v1/models/a%20b', b'x=1')
    """
    parsed = httptools.parse_url(url)
    path = parsed.path.decode("ascii")
    return unquote(path) if "%" in path else path, parsed.path, parsed.query or b""


def _wire_at(url: bytes) -> str:
    path = url.decode("latin-1")
    return next((name for name, wire in WIRES.items() if path.startswith(wire.route)), OPENAI)


def _response(refusal: Refusal, wire: str) -> bytes:
    body = refusal.body(wire)
    headers = [
        *refusal.headers(),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    lines = b"".join(b"%s: %s\r\n" % header for header in headers)
    return STATUS_LINE[refusal.status] + lines + b"\r\n" + body
