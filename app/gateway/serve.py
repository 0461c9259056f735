"""One chat request on one page: accept, lookup, route, answer, reply, record.

Each step is handed the values of those before it and gives its own; none is asked again. What a
step has come to when the caller leaves in the middle stands in three small journals, each written
by its own step alone: the classifier's bill, the ledger of calls, and what was sent.

A plain ASGI callable and no request or response objects: this is the path whose speed is measured.
It does no input or output of its own but one lookup in the response cache, where there is one, and
one for the conversation, of milliseconds at most; all other waiting is for the caller and for
providers.
"""

import asyncio
from dataclasses import dataclass

from tierwatch.gateway.accept.acceptance import Acceptance
from tierwatch.gateway.answer.answering import Answering
from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.asgi import Receive, Scope, Send
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.cache.cache_reader import CacheReader
from tierwatch.gateway.caller import Caller, Waiting
from tierwatch.gateway.keepalive import Keepalive
from tierwatch.gateway.metrics import TrafficMetrics
from tierwatch.gateway.record.records import Records
from tierwatch.gateway.reply.headers import EVENTS
from tierwatch.gateway.reply.refuse import send_refusal
from tierwatch.gateway.reply.replies import Replies
from tierwatch.gateway.reply.sent import Sent
from tierwatch.gateway.route.route import ClassifierBill, Route
from tierwatch.gateway.route.routes import Routes
from tierwatch.wire.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a chat, in their order. Shared by all wires.

    Attributes:
        acceptance: what arrived -> `Asked`, or why it is refused.
        cache: `Asked` -> `Lookup`, which may have the answer.
        routes: -> `Route`: the decision, and all that follows from the conversation.
        answering: -> the answer, whole or begun, or why there is none; fills the `Ledger`.
        replies: -> the reply; fills `Sent`.
        records: -> the `ServedExchange`, for the recorder.
        keepalive_s: silence after which a caller who streams is sent a ping.
    """

    acceptance: Acceptance
    cache: CacheReader
    routes: Routes
    answering: Answering
    replies: Replies
    records: Records
    keepalive_s: float


class ChatEndpoint:
    """Serves chats to callers on one wire. Used by every request at once.

    Args:
        wire: what callers speak here, ``openai | anthropic | responses``.
        steps: of every request.
        metrics: counts requests that are refused, and those under way.
    """

    def __init__(self, wire: str, steps: Steps, metrics: TrafficMetrics) -> None:
        self._wire = wire
        self._steps = steps
        self._metrics = metrics
        self._waiting = Waiting()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = dict(scope["headers"])
        asked = await self._steps.acceptance.accept(self._wire, headers, receive)
        if asked is None:
            return  # the caller left; nobody reads a reply
        if isinstance(asked, Refusal):
            self._metrics.refused(str(asked.status)).inc()
            await send_refusal(asked, self._wire, send)
            return
        self._metrics.begins()
        caller = Caller(receive, send, self._waiting)
        try:
            await self._serve(asked, caller)
        except asyncio.CancelledError:
            if not caller.left():
                raise
        finally:
            self._metrics.ends()

    async def _serve(self, asked: Asked, caller: Caller) -> None:
        steps = self._steps
        bill, ledger, sent = ClassifierBill(), Ledger(), Sent(asked.started)
        route: Route | None = None
        alive = self._kept_alive(asked, caller) if asked.streaming else None
        try:
            lookup = await steps.cache.look_up(asked)
            route = await steps.routes.choose(asked, lookup, bill)
            answer = route.cached or await steps.answering.answer(asked, route, ledger)
            await steps.replies.send(
                asked, route, answer, ledger, caller=caller, sent=sent, alive=alive
            )
        finally:
            caller.unwatch()
            if alive is not None:
                alive.stop()
            steps.records.close(asked, route, bill=bill, ledger=ledger, sent=sent)

    def _kept_alive(self, asked: Asked, caller: Caller) -> Keepalive:
        # Who will answer is not known yet.
        head = [(b"x-tierwatch-request-id", str(asked.exchange_id).encode()), *EVENTS]
        return Keepalive(caller.send, asked.wire, head, self._steps.keepalive_s)
