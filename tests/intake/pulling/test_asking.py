"""One GET: what is asked for again, how often, and what ends it."""

from collections.abc import Iterator

import httpx
import pytest
from fakes.receiver import Receiver

from tierwatch.intake.pulling import asking
from tierwatch.intake.pulling.asking import (
    LONGEST_PAUSE_S,
    MOST_TRIES,
    Api,
    AwayError,
    KeyRefusedError,
    NotAcceptedError,
    NotThereError,
    PullError,
)

FOUND = httpx.Response(200, json={"data": []})


class Asked:
    """An API whose pauses are counted."""

    def __init__(self, *answers: int | Exception | httpx.Response) -> None:
        self.receiver = Receiver(*answers)
        self.pauses: list[float] = []
        self.ends = False
        self.api = Api(
            "https://vendor.test/v1/",
            {"authorization": "Bearer very-secret"},
            pause=self.pause,
            transport=self.receiver.transport,
        )

    def pause(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return self.ends

    def get(self) -> object:
        with self.api:
            return self.api.get("chat/completions", {"limit": 100, "after": "a b&c"})


def test_a_page_is_asked_for_under_the_address_with_the_key() -> None:
    asked = Asked(httpx.Response(200, json={"data": [1]}))
    assert asked.get() == {"data": [1]}
    (request,) = asked.receiver.requests
    assert str(
        request.url
    ) == "https://vendor.test/v1/chat/completions?limit=100&after=a+b%26c" or (
        request.url.path == "/v1/chat/completions" and request.url.params["after"] == "a b&c"
    )
    assert request.headers["authorization"] == "Bearer very-secret"


@pytest.mark.parametrize(
    "first",
    [
        429,
        500,
        503,
        408,
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("silent"),
        httpx.RemoteProtocolError("cut"),
        httpx.Response(200, content=b'{"data": [{"id": "x", "inp'),
        httpx.Response(200, content=b"<html>"),
    ],
)
def test_what_may_pass_is_asked_for_again(first: int | Exception | httpx.Response) -> None:
    asked = Asked(first, FOUND)
    assert asked.get() == {"data": []}
    assert asked.pauses == [1.0]


def test_a_pause_is_what_the_vendor_asks_for() -> None:
    asked = Asked(httpx.Response(429, headers={"retry-after": "17"}), FOUND)
    asked.get()
    assert asked.pauses == [17.0]


def test_who_asks_for_a_long_pause_is_left_alone() -> None:
    asked = Asked(httpx.Response(429, headers={"retry-after": "600"}))
    with pytest.raises(AwayError, match="HTTP 429") as raised:
        asked.get()
    assert (raised.value.wait_s, asked.pauses) == (600.0, [])


def test_tries_and_pauses_end() -> None:
    asked = Asked(*[503] * MOST_TRIES)
    with pytest.raises(AwayError, match="HTTP 503"):
        asked.get()
    assert asked.pauses == [1.0, 2.0, 4.0, 8.0]
    assert max(asked.pauses) <= LONGEST_PAUSE_S


def test_who_is_asked_to_end_asks_no_more() -> None:
    asked = Asked(503)
    asked.ends = True
    with pytest.raises(AwayError):
        asked.get()
    assert len(asked.receiver.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (401, KeyRefusedError),
        (403, KeyRefusedError),
        (404, NotThereError),
        (410, NotThereError),
        (400, NotAcceptedError),
        (302, NotAcceptedError),
        (httpx.Response(200, json=[1]), PullError),
    ],
)
def test_what_will_not_pass_is_asked_for_once(
    answer: int | httpx.Response, kind: type[Exception]
) -> None:
    asked = Asked(answer)
    with pytest.raises(kind) as raised:
        asked.get()
    assert (len(asked.receiver.requests), asked.pauses) == (1, [])
    assert "secret" not in str(raised.value)


def test_a_page_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_BYTES", 10)
    asked = Asked(httpx.Response(200, content=b"x" * 11))
    with pytest.raises(PullError, match="larger than 10 bytes"):
        asked.get()


def test_a_page_that_drips_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "DEADLINE_S", -1.0)

    def drips() -> Iterator[bytes]:
        yield b"{"
        raise AssertionError("read on after the deadline")

    asked = Asked(*[httpx.Response(200, content=drips()) for _ in range(MOST_TRIES)])
    with pytest.raises(AwayError, match="no whole answer within"):
        asked.get()
