"""Through a real little proxy, plain and to an origin that speaks TLS."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from factories.certificates import server_context, trusted
from fakes.clients import KINDS, Kind, Seen, Talk, run
from fakes.forward_proxy import ForwardProxy
from fakes.raw_server import RawServer, answering, whole

from tierwatch.client import dialling
from tierwatch.client.address import read_address
from tierwatch.client.proxy import read_proxy

T = TypeVar("T")
DATA = b"data: 1\n\n"
FINE = Seen(200, DATA)
NOBODY = Seen(0, b"", "UnreachableError")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture(autouse=True)
def _trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", trusted(tmp_path))


def talk(
    kind: Kind,
    proxy: ForwardProxy,
    use: Callable[[Talk], Awaitable[T]],
    *,
    tls: bool,
    user: str = "",
) -> T:
    async def main() -> T:
        async with (
            RawServer(answering(whole(DATA)), tls=server_context() if tls else None) as server,
            proxy,
            kind.client() as client,
        ):
            through = read_proxy(f"http://{user}127.0.0.1:{proxy.port}")
            return await use(Talk(client, server, read_address(server.url, {}, through)))

    return run(kind, main())


@pytest.mark.parametrize("tls", [False, True])
def test_requests_go_through_it_and_keep_their_way(kind: Kind, *, tls: bool) -> None:
    proxy = ForwardProxy()

    async def use(it: Talk) -> tuple[Seen, Seen, int]:
        return await it.seen(), await it.seen(), it.server.connections

    assert talk(kind, proxy, use, tls=tls) == (FINE, FINE, 1)
    assert len(proxy.heads) == 1
    method, target, _ = proxy.heads[0].split(b" ", 2)
    assert method == (b"CONNECT" if tls else b"POST")
    assert target.startswith(b"127.0.0.1:" if tls else b"http://127.0.0.1:")


@pytest.mark.parametrize("tls", [False, True])
def test_it_is_told_who_we_are_and_the_provider_is_not(kind: Kind, *, tls: bool) -> None:
    proxy = ForwardProxy(authorization="Basic dXM6cEBzcw==")  # us:p@ss

    async def use(it: Talk) -> tuple[Seen, bytes]:
        return await it.seen(), it.server.requests[0]

    seen, asked = talk(kind, proxy, use, tls=tls, user="us:p%40ss@")
    assert seen == FINE
    if tls:  # what goes to an origin in the clear the proxy itself passes on
        assert b"authorization" not in asked.lower()


def test_a_proxy_that_refuses(kind: Kind) -> None:
    proxy = ForwardProxy(authorization="Basic other")

    async def use(it: Talk) -> tuple[Seen, int]:
        return await it.seen(), it.server.connections

    assert talk(kind, proxy, use, tls=True) == (NOBODY, 0)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 Go\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 Go\r\nx: " + b"y" * 20_000,
        b"HTTP/1.1 502 Bad\r\n\r\n",
        b"HTTP/1.1 2",
        b"HTTP/1.1\r\n\r\n",
    ],
)
@pytest.mark.parametrize("ours", ["pool", "pool-asyncio"])
def test_a_proxy_that_says_something_else(ours: str, answer: bytes) -> None:
    assert talk(KINDS[ours], ForwardProxy(answer=answer), Talk.seen, tls=True) == NOBODY


def test_a_silent_proxy_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "CONNECT_S", 0.1)
    assert talk(KINDS["pool"], ForwardProxy(answer=b""), Talk.seen, tls=True) == NOBODY


def test_nobody_listens_where_the_proxy_should_be(kind: Kind) -> None:
    async def main() -> Seen:
        async with RawServer(answering(whole(DATA))) as server, kind.client() as client:
            through = read_proxy("http://127.0.0.1:9")
            return await Talk(client, server, read_address(server.url, {}, through)).seen()

    assert run(kind, main()) == NOBODY


def test_the_proxy_of_the_environment_is_not_asked(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy set for the machine must not see prompts unasked."""
    for name in ("http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def main() -> Seen:
        async with RawServer(answering(whole(DATA))) as server, kind.client() as client:
            return await Talk(client, server, read_address(server.url, {})).seen()

    assert run(kind, main()) == FINE


def test_ways_are_not_shared() -> None:
    """What goes through a proxy and what does not are two connections."""
    proxy = ForwardProxy()

    async def use(it: Talk) -> tuple[Seen, Seen, int]:
        direct = Talk(it.client, it.server, read_address(it.server.url, {}))
        return await it.seen(), await direct.seen(), it.server.connections

    assert talk(KINDS["pool"], proxy, use, tls=False) == (FINE, FINE, 2)


def test_a_cancelled_way_is_closed() -> None:
    proxy = ForwardProxy(answer=b"")

    async def use(it: Talk) -> int:
        task = asyncio.create_task(it.seen())
        while not proxy.heads:  # noqa: ASYNC110 - the proxy is a stand-in without an event
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0.05)
        return len(proxy._tasks)

    assert talk(KINDS["pool"], proxy, use, tls=True) == 0


@pytest.mark.parametrize(
    ("url", "host", "port", "authorization"),
    [
        ("http://proxy", "proxy", 3128, ""),
        ("http://proxy:8080/", "proxy", 8080, ""),
        ("http://[::1]:8080", "::1", 8080, ""),
        ("http://us:p%40ss@proxy", "proxy", 3128, "Basic dXM6cEBzcw=="),
        ("http://us@proxy", "proxy", 3128, "Basic dXM6"),
    ],
)
def test_a_proxys_address(url: str, host: str, port: int, authorization: str) -> None:
    proxy = read_proxy(url)
    assert (proxy.host, proxy.port, proxy.authorization) == (host, port, authorization)
    assert "dXM6" not in repr(proxy)
    assert "p%40ss" not in repr(proxy)


@pytest.mark.parametrize(
    "url",
    ["", "proxy:3128", "https://proxy", "socks5://proxy", "http://", "http://a:b", "http://p/x"],
)
def test_what_is_no_address_of_a_proxy(url: str) -> None:
    with pytest.raises(ValueError, match="http://user:password@host:3128"):
        read_proxy(url)
