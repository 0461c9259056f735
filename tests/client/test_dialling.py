"""Addresses of a host: which are tried, for how long they are known."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from fakes.clients import KINDS, Seen, Talk, run
from fakes.raw_server import RawServer, answering, whole

from tierwatch.client import dialling
from tierwatch.client.address import Origin, read_address
from tierwatch.client.connection import Connection

POOL = KINDS["pool"]
FINE = Seen(200, b"{}")
NOBODY = Seen(0, b"", "UnreachableError")


class Names:
    """Stands for the DNS: gives the addresses a test wants, and counts the questions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked: list[str] = []
        monkeypatch.setattr(socket, "getaddrinfo", self._answer)

    def _answer(self, host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
        self.asked.append(host if isinstance(host, str) else host.decode())
        if not self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, int(port), 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, int(port)))
            for address in self.addresses
        ]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Names]:
    return lambda *addresses: Names(monkeypatch, *addresses)


CLOSING = whole(b"{}", headers=b"connection: close\r\n")


def calls(count: int, between: Callable[[Talk], None] = lambda _: None) -> list[Seen]:
    """So many requests to models.example, each over a connection of its own."""

    async def main() -> list[Seen]:
        # asyncio's own loop: uvloop asks the DNS past Python's `socket`.
        async with RawServer(answering(CLOSING)) as server, POOL.client() as client:
            url = server.url.replace("127.0.0.1", "models.example")
            it = Talk(client, server, read_address(url, {}))
            seen = []
            for _ in range(count):
                seen.append(await it.seen())
                between(it)
            return seen

    return run(KINDS["pool-asyncio"], main())


def test_a_name_is_asked_for_once_a_minute(
    names: Callable[..., Names], monkeypatch: pytest.MonkeyPatch
) -> None:
    dns = names("127.0.0.1")
    assert calls(3) == [FINE] * 3
    assert dns.asked.count("models.example") == 1
    monkeypatch.setattr(dialling, "_ADDRESSES_S", 0.0)
    assert calls(3) == [FINE] * 3
    assert dns.asked.count("models.example") == 4


def test_the_next_address_is_tried_where_one_refuses(names: Callable[..., Names]) -> None:
    names("127.0.0.2", "127.0.0.1")  # the server listens on the second alone
    assert calls(1) == [FINE]


def test_an_address_of_another_family_is_tried(names: Callable[..., Names]) -> None:
    names("::1", "127.0.0.1")
    assert calls(1) == [FINE]


def test_where_all_refuse_the_refusal_is_said(names: Callable[..., Names]) -> None:
    names("127.0.0.2", "127.0.0.3")
    assert calls(1) == [NOBODY]


def test_an_attempt_that_opens_as_it_is_given_up_is_dropped(
    names: Callable[..., Names], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialling, "_NEXT_ADDRESS_S", 0.01)
    names("127.0.0.3", "127.0.0.1")
    opened = dialling.Dialler._attempt

    async def attempt(
        self: dialling.Dialler, origin: Origin, address: str, port: int
    ) -> Connection:
        if address == "127.0.0.3":
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return await opened(self, origin, "127.0.0.1", port)

    monkeypatch.setattr(dialling.Dialler, "_attempt", attempt)

    async def main() -> tuple[Seen, int, int]:
        async with RawServer(answering(whole(b"{}"))) as server, POOL.client() as client:
            url = server.url.replace("127.0.0.1", "models.example")
            seen = await Talk(client, server, read_address(url, {})).seen()
            await asyncio.sleep(0.05)
            return seen, server.connections, server.open

    assert run(KINDS["pool-asyncio"], main()) == (FINE, 2, 1)


def test_addresses_that_all_refuse_are_asked_for_again(names: Callable[..., Names]) -> None:
    """A provider that moved is found by the next request, not after a minute."""
    dns = names("127.0.0.2")

    def move(_: Talk) -> None:
        dns.addresses = ["127.0.0.1"]

    assert calls(2, between=move) == [NOBODY, FINE]
    assert dns.asked.count("models.example") == 2


def test_a_name_that_is_not_known_is_asked_for_again(names: Callable[..., Names]) -> None:
    dns = names()

    def appear(_: Talk) -> None:
        dns.addresses = ["127.0.0.1"]

    assert calls(2, between=appear) == [NOBODY, FINE]


def test_of_two_addresses_that_open_at_once_one_is_dropped(
    names: Callable[..., Names], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialling, "_NEXT_ADDRESS_S", 0.01)
    names("127.0.0.1", "127.0.0.2")
    opened = dialling.Dialler._attempt
    attempts: list[str] = []

    async def attempt(
        self: dialling.Dialler, origin: Origin, address: str, port: int
    ) -> Connection:
        attempts.append(address)
        connection = await opened(self, origin, "127.0.0.1", port)
        await both.wait()
        return connection

    monkeypatch.setattr(dialling.Dialler, "_attempt", attempt)

    async def main() -> tuple[Seen, int]:
        async with RawServer(answering(whole(b"{}"))) as server, POOL.client() as client:
            url = server.url.replace("127.0.0.1", "models.example")
            asking = asyncio.create_task(Talk(client, server, read_address(url, {})).seen())
            await asyncio.sleep(0.1)
            both.set()
            seen = await asking
            await asyncio.sleep(0.05)
            return seen, server.open

    both = asyncio.Event()
    assert run(KINDS["pool-asyncio"], main()) == (FINE, 1)
    assert attempts == ["127.0.0.1", "127.0.0.2"]


def test_many_who_wait_for_one_name_ask_once(names: Callable[..., Names]) -> None:
    dns = names("127.0.0.1")

    async def main() -> list[Seen]:
        async with RawServer(answering(CLOSING)) as server, POOL.client() as client:
            url = server.url.replace("127.0.0.1", "models.example")
            it = Talk(client, server, read_address(url, {}))
            leaving = asyncio.create_task(it.seen())
            others = [asyncio.create_task(it.seen()) for _ in range(20)]
            await asyncio.sleep(0)
            leaving.cancel()  # the others still get their answer
            return await asyncio.gather(*others)

    assert run(KINDS["pool-asyncio"], main()) == [FINE] * 20
    assert dns.asked.count("models.example") == 1


@pytest.mark.parametrize("leave", ["cancelled", "closed"])
def test_a_question_that_nobody_waits_for_any_more_is_no_error(
    names: Callable[..., Names], leave: str
) -> None:
    names()  # the name is not known

    async def main() -> None:
        async with POOL.client() as client:
            it = Talk(client, RawServer(answering()), read_address("http://models.example", {}))
            asking = asyncio.create_task(it.seen())
            await asyncio.sleep(0)
            if leave == "cancelled":
                asking.cancel()
                await asyncio.sleep(0.05)
        await asyncio.wait([asking])

    run(KINDS["pool-asyncio"], main())


def test_an_ipv6_address_in_brackets() -> None:
    async def main() -> tuple[Seen, bytes]:
        try:
            server = await RawServer(answering(CLOSING), host="::1").__aenter__()
        except OSError as error:
            pytest.skip(f"no IPv6 here: {error}")
        async with POOL.client() as client:
            seen = await Talk(client, server, read_address(server.url, {})).seen()
        await server.__aexit__(None, None, None)
        return seen, server.requests[0]

    seen, sent = run(POOL, main())
    assert seen == FINE
    assert b"\r\nhost: [::1]:" in sent


def test_a_silent_address_does_not_hold_up_the_next(
    names: Callable[..., Names], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialling, "_NEXT_ADDRESS_S", 0.02)
    names("127.0.0.3", "127.0.0.1")
    with socket.socket() as full, socket.socket() as waiting:

        async def main() -> Seen:
            async with RawServer(answering(CLOSING)) as server, POOL.client() as client:
                full.bind(("127.0.0.3", server.port))
                full.listen(0)
                waiting.connect(full.getsockname())  # takes the only place there is
                url = server.url.replace("127.0.0.1", "models.example")
                async with asyncio.timeout(2):
                    return await Talk(client, server, read_address(url, {})).seen()

        assert run(KINDS["pool-asyncio"], main()) == FINE
