"""Half-sent requests, as waitress keeps them, and what becomes of them."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import waitress
from waitress import wasyncore

from tierwatch.dashboard import connection_limits
from tierwatch.dashboard.connection_limits import REQUEST_S, SlowRequests, limits

HEAD = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Parser:
    """What waitress holds while a request is incomplete."""


class Channel:
    def __init__(self, request: Parser | None) -> None:
        self.request = request
        self.closed = 0

    def handle_close(self) -> None:
        self.closed += 1


def test_who_has_not_sent_its_request_in_time_is_hung_up_on() -> None:
    clock, slow, idle, listener = Clock(), Channel(Parser()), Channel(None), object()
    requests = SlowRequests(clock)
    sockets = {1: slow, 2: idle, 3: listener}
    assert requests.hang_up(sockets) == 0
    clock.now += REQUEST_S
    assert requests.hang_up(sockets) == 0
    late = Channel(Parser())
    clock.now += 1.5
    assert requests.hang_up({**sockets, 4: late}) == 1
    assert (slow.closed, idle.closed, late.closed) == (1, 0, 0)


def test_each_request_of_a_connection_has_its_own_time() -> None:
    clock, channel = Clock(), Channel(Parser())
    requests = SlowRequests(clock)
    for _ in range(5):
        requests.hang_up({1: channel})
        clock.now += REQUEST_S - 1
        channel.request = Parser()
    assert channel.closed == 0


def test_a_check_a_second_is_enough() -> None:
    clock, requests = Clock(), SlowRequests()
    requests = SlowRequests(clock)
    channel = Channel(Parser())
    requests.hang_up({1: channel})
    clock.now += 0.5
    other = Channel(Parser())
    requests.hang_up({2: other})  # not looked at yet
    clock.now += 0.6
    requests.hang_up({2: other})
    clock.now += REQUEST_S + 0.1
    assert requests.hang_up({2: other}) == 1


def hello(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("content-length", "2")])
    return [environ.get("HTTP_X_FORWARDED_FOR", "no")[:2].encode()]


@contextmanager
def served(**more: Any) -> Iterator[int]:
    sockets: dict[int, Any] = {}
    server = waitress.create_server(
        hello, map=sockets, host="127.0.0.1", port=0, threads=1, **{**limits(), **more}
    )
    over, slow = threading.Event(), SlowRequests()

    def run() -> None:
        while not over.is_set():
            wasyncore.loop(timeout=0.05, use_poll=True, map=sockets, count=1)
            slow.hang_up(sockets)

    thread = threading.Thread(target=run)
    thread.start()
    yield server.effective_port
    over.set()
    thread.join()
    server.task_dispatcher.shutdown(timeout=1)
    wasyncore.close_all(sockets, ignore_all=True)


def connect(port: int, sent: bytes) -> socket.socket:
    caller = socket.create_connection(("127.0.0.1", port), timeout=20)
    caller.sendall(sent)
    return caller


def test_waitress_lets_go_of_half_a_request_that_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "REQUEST_S", 0.3)
    monkeypatch.setattr(connection_limits, "_EVERY_S", 0.1)
    with served() as port, connect(port, HEAD) as caller:
        caller.settimeout(0.1)
        for _ in range(100):
            try:
                caller.sendall(b"x")
                if caller.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        else:
            raise AssertionError("it was let drip")


def test_hundreds_of_half_requests_keep_nobody_out() -> None:
    with served() as port:
        half = [connect(port, HEAD) for _ in range(150)]
        with connect(port, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n") as caller:
            assert caller.recv(100).startswith(b"HTTP/1.1 200 OK")
        for one in half:
            one.close()


def test_a_head_that_is_too_large_is_refused() -> None:
    long = b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"x" * 70_000 + b"\r\n\r\n"
    with served() as port, connect(port, long) as caller:
        assert caller.recv(100).split(b" ")[1] == b"431"


def test_what_proxies_say_reaches_us() -> None:
    said = b"GET / HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 203.0.113.5\r\nconnection: close\r\n\r\n"
    with served() as port, connect(port, said) as caller:
        answer = b""
        while piece := caller.recv(1_000):
            answer += piece
    assert answer.endswith(b"20")


def test_connections_are_what_descriptors_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "descriptors", lambda wanted: min(wanted, 1_024))
    assert limits()["connection_limit"] == 960
    monkeypatch.setattr(connection_limits, "descriptors", lambda _: 10)
    assert limits()["connection_limit"] == 1
