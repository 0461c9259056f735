"""The contract of a client: what both do about everything a server can do to them.

Where aiohttp is known to differ the row says so: the figures are of 3.14.5.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest
from fakes.clients import KINDS, Kind, Seen, Talk, run, talk
from fakes.raw_server import CHUNKED, LAST_CHUNK, OK, Line, Script, answering, chunk, whole

from tierwatch.client import dialling, with_aiohttp
from tierwatch.client.address import read_address
from tierwatch.client.faults import UnreachableError

DATA = b"data: 1\n\n"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def says(*pieces: bytes, pause_s: float = 0.0, then: str = "close") -> Script:
    """Answer one request of a connection with these bytes, and end it in this way."""

    async def script(line: Line) -> None:
        await line.request()
        await line.say(*pieces, pause_s=pause_s)
        if then == "reset":
            await asyncio.sleep(0.02)  # a RST overtakes what was not read
            line.reset()
        elif then == "half":
            line.say_no_more()
            await line.left()
        elif then == "silence":
            await line.left()

    return script


class Row(NamedTuple):
    """What a server does, and what the caller sees of it.

    Attributes:
        script: what it does.
        seen: what the caller sees.
        aiohttp: the same of aiohttp where it differs.
        silence_s: how long a pause may be; None sets a deadline of .3 s for the whole.
    """

    script: Script
    seen: Seen
    aiohttp: Seen | None = None
    silence_s: float | None = None


EVENTS = CHUNKED + chunk(DATA)
CUT = Seen(200, DATA, "CutError")
LATE = Seen(200, DATA, "TimeoutError")
NOBODY = Seen(0, b"", "UnreachableError")
BROKEN = Seen(0, b"", "BrokenAnswerError")
FINE = Seen(200, DATA)
LENGTH = b"content-length: %d\r\n" % len(DATA)

ROWS = {
    "closed without an answer": Row(says(), NOBODY),
    "reset without an answer": Row(says(then="reset"), NOBODY),
    "closed in the head": Row(says(OK + b"content-le"), NOBODY),
    "no head": Row(says(then="silence"), Seen(0, b"", "TimeoutError")),
    "half a head": Row(says(OK, then="silence"), Seen(0, b"", "TimeoutError")),
    "a head that comes a byte at a time": Row(
        says(*(bytes([c]) for c in whole(DATA)), pause_s=0.001), FINE
    ),
    "cut before its length": Row(says(OK + b"content-length: 99\r\n\r\n" + DATA), CUT),
    "cut between chunks": Row(says(EVENTS), CUT),
    "cut in a chunk": Row(says(EVENTS + b"9\r\nda"), Seen(200, DATA + b"da", "CutError")),
    "the server's half closed in the middle": Row(says(EVENTS, then="half"), CUT),
    "reset in the middle": Row(says(EVENTS, then="reset"), CUT),
    "neither length nor chunks": Row(says(OK + b"\r\n" + DATA), FINE),
    "neither, and reset": Row(says(OK + b"\r\n" + DATA, then="reset"), CUT, aiohttp=FINE),
    "chunks that are none": Row(
        says(EVENTS, b"zz\r\n", pause_s=0.02, then="silence"),
        Seen(200, DATA, "BrokenAnswerError"),
        aiohttp=LATE,
        silence_s=0.1,
    ),
    "silence in the middle": Row(says(EVENTS, then="silence"), LATE, silence_s=0.1),
    "silence after the head": Row(
        says(CHUNKED, then="silence"), Seen(200, b"", "TimeoutError"), silence_s=0.1
    ),
    "drops, for longer than one may be silent": Row(
        says(EVENTS, *[chunk(DATA)] * 9, LAST_CHUNK, pause_s=0.03),
        Seen(200, DATA * 10),
        silence_s=0.15,
    ),
    "drops, beyond the deadline": Row(
        says(OK + b"content-length: 99\r\n\r\n", *[b"d"] * 40, pause_s=0.02),
        Seen(200, b"d", "TimeoutError"),
    ),
    "more bytes than its length": Row(
        says(OK + LENGTH + b"\r\n" + DATA + b"EXTRA", then="silence"),
        FINE,
        aiohttp=Seen(0, b"", "BrokenAnswerError"),
    ),
    "two answers to one request": Row(
        says(whole(DATA) + whole(b"{}"), then="silence"),
        FINE,
    ),
    "length and chunks both": Row(
        says(OK + LENGTH + b"transfer-encoding: chunked\r\n\r\n" + chunk(DATA) + LAST_CHUNK), BROKEN
    ),
    "two lengths": Row(says(OK + LENGTH + b"content-length: 2\r\n\r\n" + DATA), BROKEN),
    "line ends without CR": Row(
        says(b"HTTP/1.1 200 OK\ncontent-length: 9\n\n" + DATA), BROKEN, aiohttp=FINE
    ),
    "a header of 9,000 bytes": Row(says(whole(DATA, headers=b"x: %s\r\n" % (b"y" * 9_000))), FINE),
    "200 headers": Row(
        says(whole(DATA, headers=b"".join(b"x-%d: y\r\n" % n for n in range(200)))), FINE
    ),
    "a header of 70,000 bytes": Row(
        says(whole(DATA, headers=b"x: %s\r\n" % (b"y" * 70_000)), then="silence"), BROKEN
    ),
    "300 headers": Row(
        says(whole(DATA, headers=b"".join(b"x-%d: y\r\n" % n for n in range(300)))), BROKEN
    ),
    "100 and 103 before the answer": Row(
        says(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n",
            whole(DATA),
            pause_s=0.02,
        ),
        FINE,
    ),
    "trailers": Row(says(EVENTS + b"0\r\nx-after: 1\r\n\r\n"), FINE),
    "a chunk with an extension": Row(
        says(CHUNKED + b"9;a=b\r\n" + DATA + b"\r\n" + LAST_CHUNK), FINE
    ),
    "HTTP/1.0 with a length": Row(
        says(b"HTTP/1.0 200 OK\r\n" + LENGTH + b"\r\n" + DATA, then="silence"), FINE
    ),
    "HTTP/1.0 without one": Row(says(b"HTTP/1.0 200 OK\r\n\r\n" + DATA), FINE),
    "204": Row(says(b"HTTP/1.1 204 No Content\r\n\r\n", then="silence"), Seen(204, b"")),
    "304 with the length of what it spares": Row(
        says(b"HTTP/1.1 304 Not Modified\r\n" + LENGTH + b"\r\n", then="silence"), Seen(304, b"")
    ),
    "an empty body": Row(says(whole(b""), then="silence"), Seen(200, b"")),
    "a redirect is not followed": Row(
        says(whole(b"", b"307 There", b"location: /there\r\n"), then="silence"), Seen(307, b"")
    ),
    "another protocol": Row(says(b"SSH-2.0-OpenSSH\r\n\r\n"), BROKEN),
    "TLS where none is spoken": Row(says(b"\x15\x03\x01\x00\x02\x02\x46"), BROKEN),
    "bytes that were compressed though nobody asked": Row(
        says(whole(b"\x1f\x8b\x08", headers=b"content-encoding: gzip\r\n")),
        Seen(200, b"\x1f\x8b\x08"),
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_the_caller_sees(kind: Kind, name: str) -> None:
    row = ROWS[name]

    async def use(it: Talk) -> Seen:
        seen = await it.seen(silence_s=row.silence_s, within_s=2.0 if row.silence_s else 0.3)
        if kind.ours or seen.fault != "TimeoutError":
            await it.server.deserted()  # or kept: see below
        assert len(it.server.requests) == 1  # nothing is sent twice
        return seen

    async def kept(it: Talk) -> Seen:
        return await it.seen(silence_s=row.silence_s, within_s=0.3)

    reusable = name in {"204", "304 with the length of what it spares", "an empty body"}
    reusable |= name == "a redirect is not followed"
    seen = talk(kind, row.script, kept if reusable else use)
    wanted = row.seen if kind.ours or row.aiohttp is None else row.aiohttp
    if wanted.body == b"d":  # some drops
        assert seen.body.strip(b"d") == b""
        seen = seen._replace(body=b"d")
    assert seen == wanted


def test_a_switch_of_protocols_is_broken_http() -> None:
    raw = b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"
    assert talk(KINDS["pool"], says(raw), Talk.seen) == BROKEN


def test_a_connection_is_kept_whatever_framed_the_answer(kind: Kind) -> None:
    answers = (whole(DATA), CHUNKED + chunk(DATA) + LAST_CHUNK, b"HTTP/1.1 204 No\r\n\r\n")

    async def use(it: Talk) -> int:
        for _ in range(6):
            await it.seen()
        return it.server.connections

    assert talk(kind, answering(*answers), use) == 1


@pytest.mark.parametrize(
    "raw",
    [
        whole(DATA, headers=b"connection: close\r\n"),
        b"HTTP/1.0 200 OK\r\n" + LENGTH + b"\r\n" + DATA,
        whole(DATA) + b"EXTRA",
        whole(DATA) + whole(DATA),
    ],
)
def test_a_connection_is_not_kept(raw: bytes) -> None:
    async def use(it: Talk) -> tuple[Seen, Seen, int]:
        return await it.seen(), await it.seen(), it.server.connections

    assert talk(KINDS["pool"], answering(raw), use) == (FINE, FINE, 2)


def test_a_connection_that_was_closed_while_idle_is_replaced_silently(kind: Kind) -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.say(whole(DATA))

    async def use(it: Talk) -> tuple[Seen, Seen, int]:
        first = await it.seen()
        await asyncio.sleep(0.05)
        return first, await it.seen(), len(it.server.requests)

    assert talk(kind, script, use) == (FINE, FINE, 2)


@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_that_closes_as_the_request_arrives_is_a_fault(
    kind: Kind, *, reset: bool
) -> None:
    """Whether it was read nobody knows: who may send it again is decided above."""

    async def script(line: Line) -> None:
        await line.request()
        await line.say(whole(DATA))
        await line.request()
        if reset:
            line.reset()

    async def use(it: Talk) -> tuple[Seen, Seen, int, int]:
        seen = await it.seen(), await it.seen()
        return *seen, it.server.connections, len(it.server.requests)

    assert talk(kind, script, use) == (FINE, NOBODY, 1, 2)


def test_what_comes_over_an_idle_connection_is_nobodys_answer(kind: Kind) -> None:
    """aiohttp gives it to the next request, whoever asks: the reason why it is not the default."""

    async def script(line: Line) -> None:
        await line.request()
        await line.say(whole(DATA))
        if line.number == 1:
            await asyncio.sleep(0.02)
            await line.say(whole(b"for somebody else"))
        await line.left()

    async def use(it: Talk) -> tuple[Seen, Seen]:
        first = await it.seen()
        await asyncio.sleep(0.06)
        return first, await it.seen()

    stolen = Seen(200, b"for somebody else")
    assert talk(kind, script, use) == (FINE, FINE if kind.ours else stolen)


def test_an_answer_before_the_body_was_read(kind: Kind) -> None:
    async def script(line: Line) -> None:
        await line.head()
        await line.say(whole(b"too much", b"413 Too Large", b"connection: close\r\n"))
        line.say_no_more()
        await asyncio.sleep(0.2)

    async def use(it: Talk) -> Seen:
        seen = await it.seen(b"x" * 30_000_000)
        await it.server.deserted()
        return seen

    assert talk(kind, script, use) == Seen(413, b"too much")


def test_a_large_body_goes_out_whole_to_a_slow_reader(kind: Kind) -> None:
    body = bytes(range(256)) * 40_000

    async def script(line: Line) -> None:
        while True:
            await line.head()
            got = b""
            while len(got) < len(body):
                got += await line.read(1_000_000)
                await asyncio.sleep(0.001)
            await line.say(whole(b"same" if got == body else b"other"))

    async def use(it: Talk) -> tuple[Seen, Seen, int]:
        return await it.seen(body), await it.seen(body), it.server.connections

    assert talk(kind, script, use) == (Seen(200, b"same"), Seen(200, b"same"), 1)


def test_a_reader_who_never_reads_is_a_timeout(kind: Kind) -> None:
    async def script(line: Line) -> None:
        await line.head()
        await asyncio.sleep(2)

    async def use(it: Talk) -> Seen:
        return await it.seen(b"x" * 30_000_000, within_s=0.2)

    assert talk(kind, script, use) == Seen(0, b"", "TimeoutError")


async def _cancelled_before_the_head(it: Talk) -> None:
    task = asyncio.create_task(it.seen())
    await it.server.asked.wait()
    await _cancel(task)


async def _cancelled_in_a_read(it: Talk) -> None:
    reply = await it.post()
    assert await reply.read() == DATA
    task = asyncio.create_task(reply.read())
    await asyncio.sleep(0.01)
    await _cancel(task)


async def _closed_early(it: Talk) -> None:
    reply = await it.post()
    assert await reply.read() == DATA
    reply.close()
    reply.close()


async def _cancel(task: "asyncio.Task[object]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("script", "leave"),
    [
        (says(then="silence"), _cancelled_before_the_head),
        (says(EVENTS, then="silence"), _cancelled_in_a_read),
        (says(EVENTS, then="silence"), _closed_early),
    ],
)
def test_a_caller_who_leaves_closes_the_connection(
    kind: Kind, script: Script, leave: Callable[[Talk], Awaitable[None]]
) -> None:
    async def use(it: Talk) -> int:
        await leave(it)
        await it.server.deserted()
        await it.seen(within_s=0.05)
        return it.server.connections

    assert talk(kind, script, use) == 2


def test_nobody_is_asked_where_nobody_listens(kind: Kind) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # but not listening
        port = taken.getsockname()[1]
        assert _fault(kind, f"http://127.0.0.1:{port}") == "UnreachableError"


def test_a_host_without_a_name_in_the_dns(kind: Kind) -> None:
    assert _fault(kind, "http://no-such-host.invalid") == "UnreachableError"


def test_a_connection_that_nobody_takes_is_given_up(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (dialling, with_aiohttp):
        monkeypatch.setattr(module, "CONNECT_S", 0.1)
    with socket.socket() as full, socket.socket() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting.connect(full.getsockname())  # takes the only place there is
        port = full.getsockname()[1]
        assert _fault(kind, f"http://127.0.0.1:{port}") == "UnreachableError"
        assert _fault(kind, f"http://127.0.0.1:{port}", within_s=0.05) == "TimeoutError"


def _fault(kind: Kind, url: str, *, within_s: float = 2) -> str:
    async def main() -> str:
        async with kind.client() as client:
            deadline = asyncio.get_running_loop().time() + within_s
            with pytest.raises((UnreachableError, TimeoutError)) as caught:
                await client.post(read_address(url, {}), b"{}", deadline=deadline)
            return type(caught.value).__name__

    return run(kind, main())


@pytest.mark.parametrize("headers", [{"x": "a\r\nb: c"}, {"x\r\ny": "a"}, {"host": "other"}])
def test_a_header_that_would_not_stay_one_line_is_not_sent(
    kind: Kind, headers: dict[str, str]
) -> None:
    async def use(it: Talk) -> int:
        deadline = asyncio.get_running_loop().time() + 2
        with pytest.raises(ValueError, match="header"):
            await it.client.post(it.address, b"{}", deadline=deadline, headers=headers)
        return it.server.connections

    assert talk(kind, answering(whole(DATA)), use) == 0


def test_what_is_sent(kind: Kind) -> None:
    async def use(it: Talk) -> bytes:
        deadline = asyncio.get_running_loop().time() + 2
        await it.client.post(it.address, b"body", deadline=deadline, headers={"x-a": "b"})
        return it.server.requests[0]

    sent = talk(kind, answering(whole(DATA)), use)
    head, _, body = sent.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"post /v1 http/1.1"
    assert {b"user-agent: test", b"x-a: b", b"content-length: 4"} <= set(lines)
    assert body == b"body"


def test_headers_are_found_by_their_names(kind: Kind) -> None:
    raw = whole(b"", headers=b"Retry-After: 7\r\nX-Two: a\r\nx-two: b\r\nx-name: caf\xe9\r\n")

    async def use(it: Talk) -> list[str]:
        reply = await it.post()
        return [reply.header(name) for name in ("retry-after", "x-two", "x-none")]

    assert talk(kind, answering(raw), use) == ["7", "a, b", ""]


def test_events_that_lie_in_the_buffer_come_together(kind: Kind) -> None:
    async def use(it: Talk) -> int:
        reply = await it.post()
        await asyncio.sleep(0.05)
        assert await reply.read() == DATA * 100
        return len(await reply.read())

    raw = CHUNKED + chunk(DATA) * 100 + LAST_CHUNK
    assert talk(kind, answering(raw), use) == 0


def test_a_provider_waits_for_a_caller_who_does_not_read(kind: Kind) -> None:
    said = 0

    async def script(line: Line) -> None:
        nonlocal said
        await line.request()
        line.write(CHUNKED)
        for _ in range(4_000):
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
    assert before < 20_000_000  # of it some MB lie in the kernel
    assert got == 40_000_000


def test_ten_at_once_use_ten_connections_and_keep_them(kind: Kind) -> None:
    async def script(line: Line) -> None:
        while True:
            await line.request()
            await asyncio.sleep(0.02)
            await line.say(whole(DATA))

    async def use(it: Talk) -> int:
        for _ in range(3):
            assert await asyncio.gather(*(it.seen() for _ in range(10))) == [FINE] * 10
        return it.server.connections

    assert talk(kind, script, use) == 10


def test_closing_ends_what_is_under_way_and_what_is_kept(kind: Kind) -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.say(EVENTS if line.number == 1 else whole(DATA))
        await line.left()

    async def use(it: Talk) -> str:
        reply = await it.post(within_s=0.4)
        await reply.read()
        await it.seen()
        reading = asyncio.create_task(_rest(reply.read()))
        await asyncio.sleep(0.01)
        await it.client.__aexit__(None, None, None)
        await it.server.deserted()
        with pytest.raises(RuntimeError, match="async with"):
            await it.post()
        return await reading

    # aiohttp leaves a read to its time-out.
    assert talk(kind, script, use) == ("CutError" if kind.ours else "TimeoutError")


async def _rest(reading: Awaitable[bytes]) -> str:
    try:
        assert await reading == b""
    except Exception as error:  # noqa: BLE001 - its name is what is asked for
        return type(error).__name__
    return "end"
