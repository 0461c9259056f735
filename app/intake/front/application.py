"""The intake as an ASGI application: who may send, how much, and what is answered.

A batch is acknowledged with 202 once it is on disk. Whoever sends one waits for that and for nobody
else; where too much waits already it is refused with 429, counted, and may come again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from tierwatch.faults import FAULTS
from tierwatch.gateway.accept.keys import Keys, shown_key
from tierwatch.gateway.asgi import Receive, Reply, Scope, Send, json_reply, run_lifespan
from tierwatch.gateway.asked import Headers
from tierwatch.intake.front.metrics import IntakeMetrics
from tierwatch.intake.front.rate import Rates
from tierwatch.intake.front.source_keys import SourceKeys
from tierwatch.intake.front.state import IntakeState
from tierwatch.intake.front.taking import Taking, refused, try_again
from tierwatch.intake.keeping.receiving import Receiving
from tierwatch.intake.sources import SOURCES


class Intake:
    """The application: an ASGI callable.

    Args:
        keys: who may send what.
        rates: how much.
        receiving: takes what is sent.
        state: how the intake is.
        scrapers: what ``/metrics`` is shown for; None for any of the keys.
        most_body: bytes of a body, as it comes.
        begin: opens what stands behind the application; may wait for Postgres.
        end: closes it, and stores what was taken.

    Attributes:
        state: how the intake is.
        begin: as it was given, for who serves it without a server.
        end: likewise.
    """

    def __init__(
        self,
        *,
        keys: SourceKeys,
        rates: Rates,
        receiving: Receiving,
        state: Callable[[], IntakeState],
        scrapers: Keys | None,
        most_body: int,
        begin: Callable[[], None],
        end: Callable[[], None],
    ) -> None:
        self._keys = keys
        self.state = state
        self._scrapers = scrapers
        self.begin = begin
        self.end = end
        self.metrics = IntakeMetrics(state)
        self._taking = Taking(
            keys=keys, rates=rates, receiving=receiving, metrics=self.metrics, most_body=most_body
        )
        self._shown = {
            "/": self._healthz,
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._page,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; or open and close, as the server starts and stops."""
        if scope["type"] == "lifespan":
            await run_lifespan(self._opened, receive, send)
            return
        try:
            reply = await self._reply(scope, receive)
        except Exception as error:  # noqa: BLE001 - our own mistake is no reason to lose a batch
            FAULTS.note("intake: serve", error)
            reply = try_again("The intake failed. Its log says why.")
        if reply is not None:
            with suppress(ConnectionError):
                await reply.send(send)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        await asyncio.to_thread(self.begin)
        try:
            yield
        finally:
            await asyncio.to_thread(self.end)

    async def _reply(self, scope: Scope, receive: Receive) -> Reply | None:
        """The reply; None for a sender who left."""
        path, method = scope["path"].rstrip("/") or "/", scope["method"]
        headers: Headers = dict(scope["headers"])
        source, shown = SOURCES.get(path), self._shown.get(path)
        if source is not None and method == "POST":
            return await self._taking.reply(source, headers, receive)
        if shown is not None and method in {"GET", "HEAD"}:
            return shown(headers, scope.get("query_string", b""))
        if source is None and shown is None:
            accepted = ", ".join(f"POST {one}" for one in SOURCES)
            return refused(HTTPStatus.NOT_FOUND, f"Nothing is at {path}; accepted: {accepted}.")
        accepted = "POST" if source is not None else "GET"
        return refused(HTTPStatus.METHOD_NOT_ALLOWED, f"{path} takes {accepted}.")

    def _healthz(self, _: Headers, __: bytes) -> Reply:
        return json_reply({"status": "ok"})

    def _readyz(self, _: Headers, query: bytes) -> Reply:
        """Ready as soon as it answers: what comes is kept, whether or not Postgres is there."""
        trouble = self.state().trouble
        if not trouble:
            return json_reply({"status": "ready"})
        strict = b"strict=1" in query.split(b"&")
        return json_reply({"status": "degraded", "degraded": [trouble]}, 503 if strict else 200)

    def _page(self, headers: Headers, _: bytes) -> Reply:
        if self._scrapers is None:
            shown = self._keys.accepts(headers)
        else:
            shown = self._scrapers.refuse(shown_key(headers)) is None
        if not shown:
            return refused(HTTPStatus.UNAUTHORIZED, "Send TIERWATCH_METRICS_TOKEN, or a key.")
        page = generate_latest(self.metrics.registry)
        return Reply(page, content_type=CONTENT_TYPE_LATEST.encode())
