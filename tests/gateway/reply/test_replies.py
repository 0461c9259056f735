"""Replies as ASGI messages; test_serve.py and the SDKs' tests read them over HTTP."""

import asyncio
import json
from typing import Any

import pytest
from factories.gateway_values import SIMPLE, TIERS, asked, route, whole
from fakes.provider import ANTHROPIC_REPLY, OPENAI_REPLY, openai_chunks
from fakes.streams import Told
from starlette.types import Message

from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.cache.lookup import Lookup
from tierwatch.gateway.caller import Caller
from tierwatch.gateway.reply.replies import Replies
from tierwatch.gateway.reply.sent import Sent
from tierwatch.wire.cached_reply import CachedAnswer
from tierwatch.wire.refusal import Refusal

CACHED = CachedAnswer("Paris.", "simple", "small-1", (21, 2), None)


class Sending:
    """One reply: what was sent of it, and what is said of that."""

    def __init__(self, answer: Any, by: Asked, *, breaks_at: int | None = None) -> None:
        self.messages: list[Message] = []
        self.sent = Sent(by.started)
        self._breaks_at = breaks_at
        self.error: Exception | None = None
        asyncio.run(self._send(answer, by))

    async def _send(self, answer: Any, by: Asked) -> None:
        ledger = Ledger()
        ledger.asks(SIMPLE)
        caller = Caller(self._receive, self._take)
        of = route(lookup=Lookup("hit", None, answer)) if answer is CACHED else route()
        try:
            await Replies(TIERS).send(by, of, answer, ledger, caller=caller, sent=self.sent)
        except ConnectionError as error:
            self.error = error
        finally:
            caller.unwatch()

    async def _receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError  # pragma: no cover

    async def _take(self, message: Message) -> None:
        if len(self.messages) == self._breaks_at:
            raise ConnectionError
        self.messages.append(message)

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages[1:])


def test_a_whole_answer_goes_out_as_it_came() -> None:
    reply = Sending(whole(body=b'{"a": 1}'), asked())
    assert [message["type"] for message in reply.messages] == [
        "http.response.start",
        "http.response.body",
    ]
    assert (reply.messages[0]["status"], reply.body) == (200, b'{"a": 1}')
    assert reply.headers[b"content-length"] == b"8"
    assert reply.sent.status == 200
    assert reply.sent.said is not None
    assert reply.sent.said.finished


@pytest.mark.parametrize(
    ("wire", "body", "last"),
    [
        ("openai", OPENAI_REPLY, b"data: [DONE]\n\n"),
        ("anthropic", ANTHROPIC_REPLY, b'data: {"type":"message_stop"}\n\n'),
    ],
)
def test_a_caller_who_streams_gets_a_whole_answer_as_a_stream(
    wire: str, body: dict[str, Any], last: bytes
) -> None:
    reply = Sending(whole(body=json.dumps(body).encode()), asked(wire=wire, stream=True))
    assert reply.headers[b"content-type"].startswith(b"text/event-stream")
    assert b"content-length" not in reply.headers
    assert b"Paris." in reply.body
    assert reply.body.endswith(last)


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_from_the_cache_says_so_on_either_wire(wire: str, *, stream: bool) -> None:
    reply = Sending(CACHED, asked(wire=wire, stream=stream))
    assert reply.headers[b"x-tierwatch-cache"] == b"hit"
    assert b"Paris." in reply.body
    said = reply.sent.said
    assert said is not None
    assert (said.message["content"], said.usage[:2], said.finished) == ("Paris.", (21, 2), True)


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
def test_a_refusal_is_no_answer(wire: str) -> None:
    refusal = Refusal(429, "Slow down.", "rate_limit_error", retry_after_s=3.2)
    reply = Sending(refusal, asked(wire=wire, stream=True))
    assert (reply.messages[0]["status"], reply.sent.status) == (429, 429)
    assert reply.headers[b"retry-after"] == b"4"
    assert reply.headers[b"x-tierwatch-tier"] == b"simple"
    assert json.loads(reply.body)["error"]["message"] == "Slow down."
    assert reply.sent.said is None


def test_a_whole_answer_was_the_callers_even_if_the_line_breaks() -> None:
    reply = Sending(whole(), asked(), breaks_at=1)
    assert isinstance(reply.error, ConnectionError)
    assert reply.sent.said is not None


def test_a_stream_is_passed_on_piece_by_piece() -> None:
    chunks = openai_chunks("Par", "is.")
    reply = Sending(Told(*chunks).begun, asked(stream=True))
    assert reply.body == b"".join(chunks)
    assert [message.get("more_body") for message in reply.messages[1:]] == [
        *[True] * len(chunks),
        None,
    ]
    assert reply.headers[b"cache-control"] == b"no-cache"
    assert reply.sent.said is not None
    assert reply.sent.said.message["content"] == "Paris."


def test_a_stream_whose_caller_is_gone_is_closed_as_far_as_it_came() -> None:
    told = Told(*openai_chunks("Par", "is."))
    reply = Sending(told.begun, asked(stream=True), breaks_at=2)
    assert isinstance(reply.error, ConnectionError)
    assert told.stream.closed
    assert reply.sent.said is not None
    assert (reply.sent.said.message["content"], reply.sent.said.finished) == ("Par", False)


def test_a_stream_is_closed_even_if_its_headers_cannot_be_sent() -> None:
    told = Told(*openai_chunks("Paris."))
    Sending(told.begun, asked(stream=True), breaks_at=0)
    assert told.stream.closed
