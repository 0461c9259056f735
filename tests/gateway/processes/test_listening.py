"""Sockets to listen on; and nobody whom the kernel has let in is turned away at the end."""

import socket

import pytest

from tierwatch.errors import StackError
from tierwatch.gateway.processes.listening import listeners_at, waiting_connections


def test_a_host_is_listened_on_at_each_of_its_addresses() -> None:
    (one,) = listeners_at("127.0.0.1", 0)
    assert one.getsockname()[0] == "127.0.0.1"
    one.close()
    everywhere = listeners_at("", 0)
    assert "0.0.0.0" in {listener.getsockname()[0] for listener in everywhere}  # noqa: S104 - what is asked
    for listener in everywhere:
        listener.close()


@pytest.mark.parametrize(
    ("host", "what"), [("192.0.2.1", "192.0.2.1"), ("no.such.host.invalid", "no.such.host")]
)
def test_an_address_that_is_not_ours_is_said(host: str, what: str) -> None:
    with pytest.raises(StackError, match=rf"cannot listen on {what}.*accepted: a free port"):
        listeners_at(host, 0)


def test_a_shared_port_is_listened_on_twice_and_another_one_is_not() -> None:
    (first,) = listeners_at("127.0.0.1", 0, shared=True)
    first.listen()
    port = first.getsockname()[1]
    (second,) = listeners_at("127.0.0.1", port, shared=True)
    second.listen()
    with pytest.raises(StackError, match="in use"):
        listeners_at("127.0.0.1", port)
    first.close()
    second.close()


def test_who_waits_in_the_kernel_is_taken_and_the_listener_closed() -> None:
    (listener,) = listeners_at("127.0.0.1", 0)
    listener.listen(16)
    address = listener.getsockname()
    callers = [socket.create_connection(address) for _ in range(5)]
    for number, caller in enumerate(callers):
        caller.sendall(b"%d" % number)
    taken = list(waiting_connections([listener]))
    assert sorted(one.recv(1) for one in taken) == [b"0", b"1", b"2", b"3", b"4"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    for one in [*callers, *taken]:
        one.close()


def test_what_never_listened_has_nobody_waiting() -> None:
    (listener,) = listeners_at("127.0.0.1", 0)
    assert list(waiting_connections([listener])) == []
    assert listener.fileno() == -1
