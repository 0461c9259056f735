"""TLS against a server whose certificate a test's own authority has signed."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from factories.certificates import server_context, trusted
from fakes.clients import KINDS, Kind, Seen, Talk, run
from fakes.raw_server import CHUNKED, LAST_CHUNK, Line, RawServer, Script, answering, chunk, whole

from tierwatch.client import dialling, with_aiohttp
from tierwatch.client.address import read_address
from tierwatch.client.tls import ResumingContext

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
    script: Script,
    use: Callable[[Talk], Awaitable[T]],
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> T:
    async def main() -> T:
        async with (
            RawServer(script, tls=tls or server_context()) as server,
            kind.client() as client,
        ):
            url = server.url.replace("127.0.0.1", host)
            return await use(Talk(client, server, read_address(url, {})))

    return run(kind, main())


def test_a_handshake_serves_every_request_of_its_connection(kind: Kind) -> None:
    async def use(it: Talk) -> int:
        for _ in range(5):
            assert await it.seen() == FINE
        return it.server.connections

    assert talk(kind, answering(whole(DATA)), use) == 1


def test_a_certificate_holds_for_a_name_as_for_an_address(kind: Kind) -> None:
    assert talk(kind, answering(whole(DATA)), Talk.seen, host="localhost") == FINE


@pytest.mark.parametrize("fault", ["another authority", "another name", "expired"])
def test_a_certificate_that_does_not_hold(kind: Kind, fault: str) -> None:
    names = ("models.example",) if fault == "another name" else ()
    by = "theirs" if fault == "another authority" else "ours"
    tls = server_context(*names, by=by, expired=fault == "expired")

    async def use(it: Talk) -> tuple[Seen, int]:
        return await it.seen(), len(it.server.requests)

    assert talk(kind, answering(whole(DATA)), use, tls) == (NOBODY, 0)


def test_a_server_that_speaks_no_tls(kind: Kind) -> None:
    async def script(line: Line) -> None:
        await line.read(100)
        await line.say(b"HTTP/1.1 400 Plain\r\n\r\n")

    async def main() -> Seen:
        async with RawServer(script) as server, kind.client() as client:
            url = server.url.replace("http:", "https:")
            return await Talk(client, server, read_address(url, {})).seen()

    assert run(kind, main()) == NOBODY


def test_a_server_that_never_shakes_hands(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (dialling, with_aiohttp):
        monkeypatch.setattr(module, "CONNECT_S", 0.1)

    async def main() -> Seen:
        async with RawServer(Line.left) as server, kind.client() as client:
            url = server.url.replace("http:", "https:")
            seen = await Talk(client, server, read_address(url, {})).seen(within_s=1)
            await server.deserted()
            return seen

    assert run(kind, main()) == NOBODY


def test_streams_and_their_breaks(kind: Kind) -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.say(CHUNKED, *[chunk(DATA)] * 5, pause_s=0.01)
        if line.number == 1:
            await line.say(LAST_CHUNK)
            await line.request()
            await line.say(CHUNKED, chunk(DATA))

    async def use(it: Talk) -> tuple[Seen, Seen, int]:
        return await it.seen(), await it.seen(), it.server.connections

    cut = Seen(200, DATA, "CutError")
    assert talk(kind, script, use) == (Seen(200, DATA * 5), cut, 1)


def test_a_caller_who_leaves_closes_the_connection(kind: Kind) -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.say(CHUNKED, chunk(DATA))
        await line.left()

    async def use(it: Talk) -> bytes:
        reply = await it.post()
        first = await reply.read()
        reply.close()
        await it.server.deserted()
        return first

    assert talk(kind, script, use) == DATA


def test_a_large_body_and_a_large_answer(kind: Kind) -> None:
    body = bytes(range(256)) * 20_000

    async def script(line: Line) -> None:
        sent = (await line.request()).partition(b"\r\n\r\n")[2]
        await line.say(whole(sent[::-1]))
        await line.left()

    assert talk(kind, script, lambda it: it.seen(body)) == Seen(200, body[::-1])


def test_a_provider_waits_for_a_caller_who_does_not_read(kind: Kind) -> None:
    said = 0

    async def script(line: Line) -> None:
        nonlocal said
        await line.request()
        line.write(CHUNKED)
        for _ in range(3_000):
            line.write(chunk(b"x" * 10_000))
            await line.drain()
            said += 10_000
        await line.say(LAST_CHUNK)

    async def use(it: Talk) -> tuple[int, int]:
        reply = await it.post(within_s=20)
        await asyncio.sleep(0.3)
        before, got = said, 0
        while part := await reply.read():
            got += len(part)
        return before, got

    before, got = talk(kind, script, use)
    assert before < 15_000_000  # of it some MB lie in the kernel
    assert got == 30_000_000


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("ours", ["pool", "pool-asyncio"])
def test_a_new_connection_resumes_the_session_of_an_old_one(
    ours: str, version: ssl.TLSVersion
) -> None:
    resumed = []

    async def script(line: Line) -> None:
        resumed.append(line.resumed)
        await line.request()
        await line.say(whole(DATA, headers=b"connection: close\r\n"))

    async def use(it: Talk) -> list[Seen]:
        return [await it.seen() for _ in range(3)]

    assert talk(KINDS[ours], script, use, server_context(most=version)) == [FINE] * 3
    assert resumed == [False, True, True]


def test_a_session_that_the_server_forgot_is_no_fault() -> None:
    """A provider that restarts has other keys: the hands are shaken in full."""
    resumed = []

    async def script(line: Line) -> None:
        resumed.append(line.resumed)
        await line.request()
        await line.say(whole(DATA))

    async def main() -> list[Seen]:
        seen, port = [], 0
        async with KINDS["pool"].client() as client:
            for _ in range(2):
                async with RawServer(script, tls=server_context(), port=port) as server:
                    port = server.port
                    seen.append(await Talk(client, server, read_address(server.url, {})).seen())
                await asyncio.sleep(0.02)
        return seen

    assert run(KINDS["pool"], main()) == [FINE, FINE]
    assert resumed == [False, False]


def test_sessions_belong_to_a_host() -> None:
    context = ResumingContext()
    context.remember("a", None)
    for host in ("a", "b"):
        begun = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=host)
        assert begun.session is None
        assert begun.server_hostname == host


def test_names_and_certificates_are_checked() -> None:
    context = ResumingContext()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats()["x509_ca"] == 1  # SSL_CERT_FILE replaces the system's
