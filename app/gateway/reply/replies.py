"""The replying step: an answer as the caller's wire says it, whole or as a stream."""

from collections.abc import Sequence

from tierwatch.gateway.answer.answer import Said, Whole
from tierwatch.gateway.answer.begun import Begun
from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.caller import Caller
from tierwatch.gateway.keepalive import Keepalive
from tierwatch.gateway.reply.headers import EVENTS, ExchangeHeaders, Header, json_body
from tierwatch.gateway.reply.refuse import refusal_event, send_refusal
from tierwatch.gateway.reply.sent import Sent
from tierwatch.gateway.route.route import Route
from tierwatch.providers.told import told_to
from tierwatch.routing.tiers import Tier
from tierwatch.wire.cached_reply import CachedAnswer, streamed_reply, whole_reply
from tierwatch.wire.chat import RESPONSES
from tierwatch.wire.form import AnswerTo
from tierwatch.wire.json_bytes import read_json
from tierwatch.wire.refusal import Refusal
from tierwatch.wire.usage import Usage
from tierwatch.wire.wires import WIRES

_OK = 200


class Replies:
    """Sends replies. Used by every request of every wire at once.

    Args:
        tiers: named in the headers.
    """

    def __init__(self, tiers: Sequence[Tier]) -> None:
        self._headers = ExchangeHeaders(tiers)

    async def send(
        self,
        asked: Asked,
        route: Route,
        answer: Whole | Begun | CachedAnswer | Refusal,
        ledger: Ledger,
        *,
        caller: Caller,
        sent: Sent,
        alive: Keepalive | None = None,
    ) -> None:
        """Send the answer, or say why there is none.

        Args:
            asked: by the caller.
            route: that was chosen.
            answer: to be sent.
            ledger: of the calls that led to it.
            caller: is watched as long as there is something to send.
            sent: says afterwards, and whenever this is cut short, what the caller has got.
            alive: of a caller who streams; may have sent the head already.
        """
        sent.begins(answer.status if isinstance(answer, Refusal) else _OK, ledger.waited_s)
        headers = self._headers.of(asked, route, ledger, sent.overhead_ms)
        told = () if isinstance(answer, CachedAnswer) else answer.told
        if told:
            headers += told_to(asked.wire, told)
        if isinstance(answer, Begun):
            await _relay(answer, headers, caller, sent, alive)
            return
        caller.unwatch()  # before the last byte: after it every caller leaves
        begun = _stopped(alive)
        if isinstance(answer, Refusal):
            if begun:
                body = refusal_event(answer, asked.wire)
                await caller.send({"type": "http.response.body", "body": body})
                return
            await send_refusal(answer, asked.wire, caller.send, headers)
            return
        if isinstance(answer, Whole):
            body = _whole_body(asked, answer)
            sent.says(answer.said)
            if asked.wire == RESPONSES:
                sent.shows(read_json(answer.body))
        else:
            body = _cached_body(asked, answer)
            message = {"role": "assistant", "content": answer.content}
            sent.says(Said(message, "stop", Usage(*answer.tokens), finished=True))
            if asked.wire == RESPONSES:
                sent.shows(read_json(_whole_cached(asked, answer)))
        if not begun:
            headers += EVENTS if asked.streaming else json_body(body)
            await caller.send({"type": "http.response.start", "status": _OK, "headers": headers})
        await caller.send({"type": "http.response.body", "body": body})


def _stopped(alive: Keepalive | None) -> bool:
    """Stop keeping a caller alive; whether the head was sent for that."""
    if alive is None:
        return False
    alive.stop()
    return alive.begun


async def _relay(
    begun: Begun, headers: list[Header], caller: Caller, sent: Sent, alive: Keepalive | None
) -> None:
    """Pass on a stream as it comes."""
    try:
        caller.watch()
        if alive is None or not alive.begun:
            start = {"type": "http.response.start", "status": _OK, "headers": [*headers, *EVENTS]}
            if alive is not None:
                alive.passes_on(b"")
            await caller.send(start)
        chunk: bytes | None = begun.first
        while chunk is not None:
            if chunk:
                piece = {"type": "http.response.body", "body": chunk, "more_body": True}
                if alive is not None:
                    alive.passes_on(chunk)
                await caller.send(piece)
            elif alive is not None:
                await alive.swallowed()
            chunk = await begun.read()
        last = begun.end()
        caller.unwatch()
        _stopped(alive)
        await caller.send({"type": "http.response.body", "body": last})
    finally:
        begun.close()
        sent.shows(begun.response)
        sent.says(begun.said)


def _whole_body(asked: Asked, answer: Whole) -> bytes:
    if not asked.streaming:
        return answer.body
    whole = read_json(answer.body)  # a cascade had to see the whole first
    return WIRES[asked.wire].whole_stream(whole, include_usage=asked.wants_usage)


def _cached_body(asked: Asked, answer: CachedAnswer) -> bytes:
    if not asked.streaming:
        return _whole_cached(asked, answer)
    return streamed_reply(
        asked.wire,
        answer,
        asked.exchange_id,
        int(asked.arrived_at),
        include_usage=asked.wants_usage,
        to=AnswerTo(asked.request, asked.answer_id),
    )


def _whole_cached(asked: Asked, answer: CachedAnswer) -> bytes:
    to = AnswerTo(asked.request, asked.answer_id)
    return whole_reply(asked.wire, answer, asked.exchange_id, int(asked.arrived_at), to)
