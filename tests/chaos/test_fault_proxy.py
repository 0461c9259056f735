"""The proxy does what its faults say; a proxy that does nothing would make every row pass."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest
from fakes.fault_proxy import Fault, FaultProxy

HELLO = b"hello, this is a question of some length"


class Echo(socketserver.BaseRequestHandler):
    """Sends back what comes."""

    def handle(self) -> None:
        while data := self.request.recv(4096):
            self.request.sendall(data)


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        with FaultProxy(server.server_address[1]) as running:
            yield running
        server.shutdown()
        thread.join()


def connected(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=2)


def whole_answer(client: socket.socket) -> bytes:
    """Raises ConnectionError where the connection just ends."""
    if said := answer(client):
        return said
    raise ConnectionResetError


def answer(client: socket.socket) -> bytes:
    client.sendall(HELLO)
    return client.recv(4096)


def test_bytes_pass(proxy: FaultProxy) -> None:
    with connected(proxy) as client:
        assert answer(client) == HELLO
    assert proxy.connections == 1


def test_refused_resets_what_was_open_and_takes_nobody_in(proxy: FaultProxy) -> None:
    with connected(proxy) as client:
        assert answer(client) == HELLO
        proxy.set(Fault.REFUSED)
        with pytest.raises(ConnectionError):
            whole_answer(client)
    with pytest.raises(ConnectionRefusedError):
        connected(proxy)
    proxy.set(Fault.NONE)
    with connected(proxy) as client:  # at the same port as before
        assert answer(client) == HELLO


def test_silent_holds_bytes_back_until_it_ends(proxy: FaultProxy) -> None:
    proxy.set(Fault.SILENT)
    with connected(proxy) as client:
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            answer(client)
        client.settimeout(2)
        proxy.set(Fault.NONE)
        assert client.recv(4096) == HELLO


def test_slow_takes_a_second(proxy: FaultProxy) -> None:
    proxy.set(Fault.SLOW)
    with connected(proxy) as client:
        began = time.monotonic()
        assert answer(client) == HELLO
        assert time.monotonic() - began >= 0.9


def test_resetting(proxy: FaultProxy) -> None:
    proxy.set(Fault.RESETTING)
    with connected(proxy) as client, pytest.raises(ConnectionError):
        whole_answer(client)


def test_truncating_gives_the_beginning_alone(proxy: FaultProxy) -> None:
    proxy.set(Fault.TRUNCATING)
    with connected(proxy) as client:
        assert answer(client) == HELLO[:20]
        assert client.recv(4096) == b""


def test_garbage_has_the_right_length(proxy: FaultProxy) -> None:
    proxy.set(Fault.GARBAGE)
    with connected(proxy) as client:
        said = answer(client)
    assert len(said) == len(HELLO)
    assert said != HELLO
