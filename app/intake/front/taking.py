"""One batch over HTTP: who sends it, whether it is too much, and what is answered."""

import asyncio
import time
from http import HTTPStatus
from typing import Final

from tierwatch.gateway.accept.body import read_body
from tierwatch.gateway.asgi import Receive, Reply, json_reply
from tierwatch.gateway.asked import Headers
from tierwatch.intake.front.metrics import IntakeMetrics
from tierwatch.intake.front.rate import Rates
from tierwatch.intake.front.source_keys import SourceKeys
from tierwatch.intake.inflate import ACCEPTED
from tierwatch.intake.keeping.receiving import Delivery, Outcome, Receiving
from tierwatch.intake.sources import Source
from tierwatch.wire.refusal import Refusal

# What a sender is asked to wait: most of them try again by themselves, some only if they are told.
RETRY_S: Final = 5
_PROTOBUF: Final = "application/x-protobuf"
_NOBODY: Final = ""


class RefusedError(Exception):
    """A batch that is not taken.

    Attributes:
        status: of HTTP.
        source: whose it is; empty where that is not known.
    """

    def __init__(self, status: HTTPStatus, problem: str, source: str = _NOBODY) -> None:
        super().__init__(problem)
        self.status = status
        self.source = source


class Taking:
    """Takes batches. Used by one event loop.

    Args:
        keys: who may send what.
        rates: how much.
        receiving: takes what is sent.
        metrics: what is counted.
        most_body: bytes of a body, as it comes.
    """

    def __init__(
        self,
        *,
        keys: SourceKeys,
        rates: Rates,
        receiving: Receiving,
        metrics: IntakeMetrics,
        most_body: int,
    ) -> None:
        self._keys = keys
        self._rates = rates
        self._receiving = receiving
        self._metrics = metrics
        self._most_body = most_body

    async def reply(self, kind: Source, headers: Headers, receive: Receive) -> Reply | None:
        """What is answered to a batch; None to a sender who left."""
        try:
            source = self._source(kind, headers)
            body = await self._body(source, headers, receive)
            if body is None:
                return None
            media_type = _text(headers, b"content-type").partition(";")[0].strip()
            outcome = await self._outcome(
                kind,
                source,
                body,
                encoding=_text(headers, b"content-encoding"),
                media_type=media_type,
            )
        except RefusedError as refusal:
            self._metrics.batches(refusal.source, str(refusal.status.value)).inc()
            if refusal.status == HTTPStatus.TOO_MANY_REQUESTS:
                return try_again(str(refusal))
            return refused(refusal.status, str(refusal))
        passed_over = dict(outcome.counted.counted)
        self._metrics.batches(source, "202").inc()
        self._metrics.calls(source).inc(outcome.calls)
        for what, count in passed_over.items():
            self._metrics.passed_over(source, what).inc(count)
        if media_type == _PROTOBUF:  # an empty message: all of it was taken
            return Reply(b"", HTTPStatus.ACCEPTED, content_type=_PROTOBUF.encode())
        said = {} if kind.kind == "otlp" else {"calls": outcome.calls, "passed_over": passed_over}
        return json_reply(said, HTTPStatus.ACCEPTED)

    def _source(self, kind: Source, headers: Headers) -> str:
        source = self._keys.source_of(headers, kind.kind, basic=kind.basic)
        if not source:
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED,
                f"This key may not send {kind.kind} here. Send one of `intake.keys` that accepts"
                " it, as `Authorization: Bearer KEY`.",
            )
        encoding = _text(headers, b"content-encoding")
        if encoding not in ACCEPTED:
            raise RefusedError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"content-encoding: found {encoding!r:.60}; accepted: gzip, deflate, or none",
                source,
            )
        if not self._rates.takes(source):
            self._receiving.shed(source)
            problem = "This source sends more than intake.batches_per_s."
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, problem, source)
        return source

    async def _body(self, source: str, headers: Headers, receive: Receive) -> bytes | None:
        body = await read_body(receive, headers, self._most_body)
        if isinstance(body, Refusal):
            most = self._most_body // 1024 // 1024
            problem = f"The body is larger than {most} MB (intake.max_body_mb)."
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, problem, source)
        return body

    async def _outcome(
        self, kind: Source, source: str, body: bytes, *, encoding: str, media_type: str
    ) -> Outcome:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Outcome] = loop.create_future()

        def said(outcome: Outcome) -> None:
            loop.call_soon_threadsafe(_settle, done, outcome)

        delivery = Delivery(source, kind, body, encoding, media_type, time.time(), said)
        outcome = await done if self._receiving.offer(delivery) else Outcome(429)
        if outcome.status != HTTPStatus.ACCEPTED:
            problem = outcome.problem or "Too much waits already."
            raise RefusedError(HTTPStatus(outcome.status), problem, source)
        return outcome


def refused(status: HTTPStatus, problem: str) -> Reply:
    """A refusal as a reply: a sentence in JSON."""
    return json_reply({"error": {"message": problem, "type": status.phrase}}, status)


def try_again(problem: str) -> Reply:
    """A refusal of what may come again later."""
    reply = refused(HTTPStatus.TOO_MANY_REQUESTS, f"{problem} Send it again later.")
    return reply._replace(headers=[(b"retry-after", str(RETRY_S).encode())])


def _settle(done: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
    if not done.done():  # its sender may have left
        done.set_result(outcome)


def _text(headers: Headers, name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1").strip().lower()
