"""Which connection a request takes, and that none is left behind."""

import asyncio
import os
import socket
import threading
import time
from pathlib import Path

import pytest
from factories.certificates import server_context, trusted
from fakes.clients import KINDS, Seen, Talk, run, talk
from fakes.raw_server import CHUNKED, Line, RawServer, answering, chunk, whole

from tierwatch.client import connection
from tierwatch.client.address import read_address
from tierwatch.client.faults import ClientFault

POOL = KINDS["pool"]
DATA = b"data: 1\n\n"
FINE = Seen(200, DATA)


def test_the_connection_that_became_idle_last_is_taken_first() -> None:
    """So that a pool which was large for a while shrinks."""
    carried: list[int] = []

    async def script(line: Line) -> None:
        while True:
            await line.request()
            carried.append(line.number)
            await asyncio.sleep(0.01 * line.number)
            await line.say(whole(DATA))

    async def use(it: Talk) -> None:
        await asyncio.gather(*(it.seen() for _ in range(3)))
        carried.clear()
        for _ in range(4):
            await it.seen()

    talk(POOL, script, use)
    assert carried == [3, 3, 3, 3]


def test_origins_do_not_share_connections() -> None:
    async def main() -> tuple[list[int], int]:
        async with (
            RawServer(answering(whole(b"a"))) as one,
            RawServer(answering(whole(b"b"))) as two,
            POOL.client() as client,
        ):
            paths = [f"{server.url}{path}" for server in (one, two) for path in ("/x", "/y")]
            bodies = [
                (await Talk(client, one, read_address(path, {})).seen()).body for path in paths
            ]
            return bodies, one.connections + two.connections

    assert run(POOL, main()) == ([b"a", b"a", b"b", b"b"], 2)


class Deaf(threading.Thread):
    """Answers one request of a connection and closes it, while the client's loop does not run."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.requests = 0

    def run(self) -> None:
        for _ in range(2):
            line, _ = self.listening.accept()
            with line:
                assert line.recv(65536)
                self.requests += 1
                line.sendall(whole(DATA))


def test_an_end_that_the_loop_has_not_noticed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_FRESH_S", 0.0)
    server = Deaf()
    server.start()

    async def main() -> list[Seen]:
        async with POOL.client() as client:
            url = f"http://127.0.0.1:{server.listening.getsockname()[1]}/"
            it = Talk(client, RawServer(answering()), read_address(url, {}))
            first = await it.seen()
            time.sleep(0.1)  # noqa: ASYNC251 - the loop must not see it
            return [first, await it.seen()]

    assert run(POOL, main()) == [FINE, FINE]
    server.join()
    server.listening.close()
    assert server.requests == 2


def test_it_is_opened_before_it_is_used() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="async with"):
            await POOL.client().post(read_address("http://a", {}), b"", deadline=0)

    run(POOL, main())


def test_closing_waits_for_nothing_where_nothing_is_open() -> None:
    async def main() -> None:
        async with POOL.client():
            pass

    run(POOL, main())


def test_closing_while_a_connection_is_being_made() -> None:
    async def use(it: Talk) -> str:
        posting = asyncio.create_task(it.seen())
        await asyncio.sleep(0)
        await it.client.__aexit__(None, None, None)
        seen = await posting
        await it.server.deserted()
        return seen.fault

    assert talk(POOL, answering(whole(DATA)), use) in {"UnreachableError", ""}


def test_an_answer_that_comes_after_the_close_leaves_nothing_idle() -> None:
    async def use(it: Talk) -> int:
        pool = it.client
        reply = await it.post()
        await pool.__aexit__(None, None, None)
        reply.close()
        await it.server.deserted()
        return it.server.connections

    assert talk(POOL, answering(CHUNKED + chunk(DATA)), use) == 1


async def _mixed(line: Line) -> None:
    """Answers, breaks, closes and silences in turn."""
    while True:
        asked = await line.request()
        number = int(asked.rpartition(b"\r\n\r\n")[2])
        if number % 7 == 1:
            return
        if number % 7 == 2:
            await line.say(CHUNKED + chunk(DATA))
            return
        if number % 7 == 3:
            await line.say(CHUNKED + b"zz\r\n")
        elif number % 7 == 4:
            line.reset()
            return
        elif number % 7 == 5:
            await line.left()
            return
        else:
            await line.say(whole(DATA))


async def _requests(it: Talk, count: int) -> None:
    callers = asyncio.Semaphore(32)

    async def one(number: int) -> None:
        async with callers:
            calling = it.seen(b"%d" % number, within_s=0.05 if number % 7 == 5 else 5)
            if number % 11:
                await calling
                return
            task = asyncio.create_task(calling)
            await asyncio.sleep(0.001)
            task.cancel()
            await asyncio.wait([task])

    await asyncio.gather(*(one(number) for number in range(count)))


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("count", [700, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_descriptor_is_left_behind_by_requests_of_every_fate(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tls: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", trusted(tmp_path))

    async def main() -> tuple[int, int]:
        async with RawServer(_mixed, tls=server_context() if tls else None) as server:
            before = _descriptors()
            async with POOL.client() as client:
                await _requests(Talk(client, server, read_address(server.url, {})), count)
            await server.deserted()
            await asyncio.sleep(0.1)
            return before, _descriptors()

    before, after = run(POOL, main())
    assert after <= before + 2  # uvloop keeps one or two of its own


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - as cheap as it comes


def test_a_pool_that_failed_goes_on() -> None:
    async def use(it: Talk) -> list[str]:
        faults = []
        for number in (1, 0, 2, 0, 3, 0, 4, 0):
            try:
                faults.append((await it.seen(b"%d" % number)).fault)
            except ClientFault as error:
                faults.append(type(error).__name__)
        return faults

    broken = ["UnreachableError", "CutError", "BrokenAnswerError", "UnreachableError"]
    found = talk(POOL, _mixed, use)
    assert found[0::2] == broken
    assert found[1::2] == [""] * 4
