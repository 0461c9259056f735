"""A POST ends by its deadline whatever the receiver does, and never says where it went."""

import gzip
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from fakes.receiver import URL, Receiver
from fakes.socket_receiver import DRIP, GARBAGE, HANG, RESET, sockets

from tierwatch.notify.answer import Answer
from tierwatch.notify.posting import post

BODY = b'{"id": "7:opened"}'


@pytest.mark.parametrize(
    ("does", "fate", "said"),
    [
        (200, "taken", "HTTP 200"),
        (204, "taken", "HTTP 204"),
        (302, "away", "HTTP 302: redirects are not followed"),
        (429, "away", "HTTP 429, asked to wait 7 s"),
        (500, "later", "HTTP 500"),
        (422, "never", "HTTP 422"),
        (RESET, "away", "no connection"),
        (GARBAGE, "away", "no connection (RemoteProtocolError)"),
    ],
)
def test_what_a_receiver_on_a_socket_does(does: int | str, fate: str, said: str) -> None:
    with sockets(does) as receiver:
        answer = post(receiver.url, BODY, {"content-type": "application/json"})
    assert answer.fate == fate
    assert answer.detail.startswith(said)
    assert receiver.bodies == [BODY]


@pytest.mark.parametrize("does", [HANG, DRIP])
def test_a_receiver_that_holds_the_line_is_left_at_the_deadline(does: str) -> None:
    with sockets(does) as receiver:
        began = time.monotonic()
        answer = post(receiver.url, BODY, {}, deadline_s=0.5)
        assert time.monotonic() - began < 5
    assert (answer.fate, answer.detail) == ("away", "no answer within 0.5 s")


def test_nobody_listens() -> None:
    with sockets(200) as receiver:
        url = receiver.url
    answer = post(url, BODY, {})
    assert (answer.fate, answer.detail) == ("away", "no connection (ConnectError)")


@pytest.mark.parametrize(
    "problem",
    [
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("closed"),
        httpx.ProxyError("no"),
        httpx.UnsupportedProtocol("ftp"),
        RuntimeError("cannot schedule new futures after shutdown"),
        OSError("too many open files"),
    ],
)
def test_every_fault_of_the_network_is_an_answer(problem: Exception) -> None:
    receiver = Receiver(problem)
    answer = post(URL, BODY, {}, transport=receiver.transport)
    assert answer.fate == "away"
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "url", ["", "no-url/secret", "ftp://h/secret", "https://h:secret/", "https://h/\ud800secret"]
)
def test_a_broken_url_is_not_quoted(url: str) -> None:
    answer = post(url, BODY, {})
    assert answer.fate == "away"
    assert "secret" not in answer.detail


def test_the_url_is_in_no_log_line_and_other_requests_are(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for answer in (200, 500, httpx.ConnectError(f"no route to {URL}")):
        said = post(URL, BODY, {}, transport=Receiver(answer).transport)
        assert "very-secret" not in repr(said)
    assert "very-secret" not in caplog.text
    with httpx.Client(transport=Receiver(200).transport) as client:
        client.get("https://example.test/open")
    assert "https://example.test/open" in caplog.text


def test_the_receivers_words_are_not_read() -> None:
    def long_answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Endless())

    answer = post(URL, BODY, {}, transport=httpx.MockTransport(long_answer), deadline_s=2.0)
    assert answer.fate == "taken"


class Endless(httpx.AsyncByteStream):
    """A body without an end."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536


def test_a_channel_reads_the_first_words_and_no_more_than_it_should() -> None:
    seen: list[bytes] = []

    def read(answer: Answer, words: bytes) -> Answer:
        seen.append(words)
        return replace(answer, detail="read")

    packed = httpx.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"a"))
    for response in (httpx.Response(200, content=b"x" * 9_000), httpx.Response(204), packed):
        receiver = Receiver(response)
        answer = post(URL, BODY, {}, transport=receiver.transport, read=read)
        assert answer == Answer("taken", "read")
    assert seen == [b"x" * 4_096, b"", b""]
