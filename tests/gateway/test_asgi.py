"""Whole replies, and the opening and closing of an app."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tierwatch.gateway.asgi import Reply, json_reply, run_lifespan


def sent(reply: Reply) -> list[dict[str, Any]]:
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    asyncio.run(reply.send(send))
    return messages


def test_a_reply_says_its_type_and_length_after_its_own_headers() -> None:
    start, body = sent(Reply(b"four", 405, b"text/plain", [(b"allow", b"GET")]))
    assert start == {
        "type": "http.response.start",
        "status": 405,
        "headers": [
            (b"allow", b"GET"),
            (b"content-type", b"text/plain"),
            (b"content-length", b"4"),
        ],
    }
    assert body == {"type": "http.response.body", "body": b"four"}


def test_json_is_written_also_where_utf8_has_no_form_for_it() -> None:
    start, body = sent(json_reply({"a": "\ud800"}, 202))
    assert (start["status"], body["body"]) == (202, b'{"a":"\\ud800"}')


def test_what_is_to_be_done_after_a_reply_is_done_after_it() -> None:
    order: list[str] = []

    async def send(message: Any) -> None:
        order.append(message["type"])

    async def after() -> None:
        order.append("after")

    asyncio.run(Reply(b"", after=after).send(send))
    assert order == ["http.response.start", "http.response.body", "after"]


class Opened:
    """An app that is opened and closed, and may fail at either."""

    def __init__(self, *, fails: str = "") -> None:
        self.told: list[Any] = []
        self.order: list[str] = []
        self._fails = fails

    @asynccontextmanager
    async def app(self) -> AsyncIterator[None]:
        self._step("startup")
        yield
        self._step("shutdown")

    def _step(self, name: str) -> None:
        self.order.append(name)
        if self._fails == name:
            raise OSError(f"{name} failed")

    async def receive(self) -> Any:
        self.order.append("receive")
        return {"type": "lifespan"}

    async def send(self, message: Any) -> None:
        self.told.append(message["type"])

    def run(self) -> None:
        asyncio.run(run_lifespan(self.app, self.receive, self.send))


def test_an_app_is_open_between_start_and_stop() -> None:
    opened = Opened()
    opened.run()
    assert opened.order == ["receive", "startup", "receive", "shutdown"]
    assert opened.told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("startup", ["lifespan.startup.failed"]),
        ("shutdown", ["lifespan.startup.complete", "lifespan.shutdown.failed"]),
    ],
)
def test_a_failure_of_either_is_told_and_raised(step: str, told: list[str]) -> None:
    opened = Opened(fails=step)
    with pytest.raises(OSError, match=f"{step} failed"):
        opened.run()
    assert opened.told == told
