"""The dashboard's server ends at a signal, and not before it has answered what was asked."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fakes.waiting import until
from flask import Flask

from tierwatch.dashboard import server
from tierwatch.local import free_port
from tierwatch.stop_signals import STOP_SIGNALS, StopSignals


def site(asked: threading.Event, answer: threading.Event) -> Flask:
    """One page that takes its time."""
    app = Flask(__name__)

    @app.get("/slow")
    def slow() -> str:
        asked.set()
        answer.wait(20)
        return "here" * 10_000

    return app


class Serving:
    """A server in the main thread, as in its process; what a test does meanwhile runs beside it."""

    def __init__(self) -> None:
        self.asked, self.answer = threading.Event(), threading.Event()
        self.port = free_port()
        self.app = site(self.asked, self.answer)

    def run(self, meanwhile: Callable[[], None]) -> float:
        """Serve until `meanwhile` has sent a signal; the seconds from then to the end."""
        beside = threading.Thread(target=meanwhile)
        with StopSignals() as signals:
            beside.start()
            server.serve(self.app, "127.0.0.1", self.port, signals=signals)
            ended = time.monotonic()
        beside.join(20)
        return ended

    def get(self) -> httpx.Response:
        url = f"http://127.0.0.1:{self.port}/slow"
        transport = httpx.HTTPTransport(retries=20)
        with httpx.Client(transport=transport, timeout=20, trust_env=False) as client:
            return client.get(url)


@pytest.mark.parametrize("how", STOP_SIGNALS)
def test_a_page_that_was_asked_for_is_sent_before_the_end(how: signal.Signals) -> None:
    serving, got = Serving(), list[Any]()

    def meanwhile() -> None:
        caller = threading.Thread(target=lambda: got.append(serving.get()))
        caller.start()
        assert serving.asked.wait(20)
        os.kill(os.getpid(), how)
        until(lambda: not _listens(serving.port))
        serving.answer.set()
        caller.join(20)

    serving.run(meanwhile)
    (page,) = got
    assert (page.status_code, page.text) == (200, "here" * 10_000)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("again", ["asked again", "out of time"])
def test_a_page_that_does_not_come_is_not_waited_for(
    again: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_DRAIN_S", 60 if again == "asked again" else 0.5)
    serving, failed, asked_at = Serving(), list[str](), list[float]()

    def ask() -> None:
        try:
            serving.get()
        except httpx.HTTPError as error:
            failed.append(type(error).__name__)

    def meanwhile() -> None:
        caller = threading.Thread(target=ask)
        caller.start()
        assert serving.asked.wait(20)
        asked_at.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGTERM)
        if again == "asked again":
            # Two signals before the first was heard would be one.
            until(lambda: not _listens(serving.port))
            os.kill(os.getpid(), signal.SIGTERM)

    ended = serving.run(meanwhile)
    serving.answer.set()
    assert ended - asked_at[0] < 20


def test_an_idle_server_ends_soon() -> None:
    serving = Serving()

    def meanwhile() -> None:
        until(lambda: _listens(serving.port))
        os.kill(os.getpid(), signal.SIGTERM)

    began = time.monotonic()
    serving.run(meanwhile)
    assert time.monotonic() - began < 10
