"""What strangers may do to a connection, on real sockets against the real server."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest

from tierwatch.gateway import connection_limits
from tierwatch.gateway.connection_limits import MOST_HEAD_BYTES, MOST_HEADERS, most_connections
from tierwatch.gateway.server import gateway_server

Talk = Callable[[int], Awaitable[Any]]
CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n"
GET = b"GET / HTTP/1.1\r\nhost: x\r\n"


class App:
    """An application that reads its body and says how long it was."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.left = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": message["type"] + ".complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.asked.append(scope["path"])
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left += 1
                return
            size += len(message["body"])
            more = message["more_body"]
        head = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(str(size)))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"%d" % size})


def serving(talk: Talk, app: App | None = None) -> Any:
    """What a conversation with a server comes to."""

    async def run() -> Any:
        server = gateway_server(app or App(), "127.0.0.1", 0)
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        try:
            async with asyncio.timeout(20):
                return await talk(server.servers[0].sockets[0].getsockname()[1])
        finally:
            server.should_exit = True
            server.force_exit = True
            await task

    return asyncio.run(run())


async def send_slowly(writer: asyncio.StreamWriter, parts: Sequence[bytes], pause_s: float) -> None:
    for part in parts:
        writer.write(part)
        await asyncio.sleep(pause_s)


def said(*parts: bytes, pause_s: float = 0.0) -> Talk:
    """All that is answered to these bytes until the server hangs up."""

    async def talk(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        sending = asyncio.create_task(send_slowly(writer, parts, pause_s))
        answer = b""
        # Whoever still sends when the server has hung up is reset behind the answer.
        with suppress(ConnectionError):
            while piece := await reader.read(65_536):
                answer += piece
        sending.cancel()
        writer.close()
        return answer

    return talk


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def error(answer: bytes) -> dict[str, Any]:
    return json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


def test_a_request_in_one_piece_is_served_and_the_connection_kept() -> None:
    async def talk(port: int) -> list[bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        heads = []
        for _ in range(3):
            writer.write(CHAT + b"content-length: 3\r\n\r\nabc")
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            assert await reader.readexactly(1) == b"3"
        writer.close()
        return heads

    heads = serving(talk)
    assert [status(head) for head in heads] == [200, 200, 200]
    assert all(b"x-content-type-options: nosniff" in head for head in heads)


def test_two_requests_in_one_piece_are_both_served() -> None:
    app = App()
    serving(said(GET + b"\r\n" + GET + b"connection: close\r\n\r\n"), app)
    assert app.asked == ["/", "/"]


@pytest.mark.parametrize("size", [5, 200_000, 3_000_000])
def test_a_body_is_not_counted_as_head(size: int) -> None:
    head = CHAT + b"connection: close\r\ncontent-length: %d\r\n\r\n" % size
    answer = serving(said(head + b"x" * size))
    assert (status(answer), answer.rpartition(b"\r\n")[2]) == (200, b"%d" % size)


HEADS = {
    "one long header": CHAT + b"x: " + b"x" * MOST_HEAD_BYTES + b"\r\n\r\n",
    "many headers": CHAT + b"x: 1\r\n" * MOST_HEADERS + b"\r\n",
    "a long address": b"GET /" + b"x" * MOST_HEAD_BYTES + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    "a header without end": CHAT + b"x: " + b"x" * 3 * MOST_HEAD_BYTES,
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("piece", [4_000, 10**7])
def test_a_head_that_is_too_large_is_431_and_never_served(name: str, piece: int) -> None:
    app, raw = App(), HEADS[name]
    pieces = [raw[at : at + piece] for at in range(0, len(raw), piece)]
    answer = serving(said(*pieces), app)
    assert (status(answer), error(answer)["code"]) == (431, "head_too_large")
    assert b"connection: close" in answer
    assert app.asked == []


def test_a_head_below_the_limits_is_served() -> None:
    head = GET + b"connection: close\r\n" + b"x: 1\r\n" * (MOST_HEADERS - 2)
    assert status(serving(said(head + b"\r\n"))) == 200
    head = GET + b"connection: close\r\nx: " + b"x" * (MOST_HEAD_BYTES - 100) + b"\r\n\r\n"
    assert status(serving(said(head))) == 200


def test_an_endless_header_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "_LINGER_S", 20.0)

    async def talk(port: int) -> int:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CHAT + b"x: ")
        sent = 0
        with suppress(ConnectionError):
            while sent < 200 * 1024 * 1024:
                writer.write(b"x" * 65_536)
                await writer.drain()
                sent += 65_536
        return sent

    # What the kernel's buffers hold on their way is some megabytes.
    assert serving(talk) < 30 * 1024 * 1024


def test_on_anthropics_wire_it_says_so_in_its_envelope() -> None:
    answer = serving(said(b"POST /v1/messages HTTP/1.1\r\n" + b"x: 1\r\n" * 300 + b"\r\n"))
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (status(answer), body["type"]) == (431, "error")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 200),
        (b"GET /\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (GET + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n", 400),
        (GET + b"upgrade: websocket\r\nconnection: upgrade, close\r\n\r\n", 200),
    ],
)
def test_what_is_not_a_request_of_http_1_1(raw: bytes, code: int) -> None:
    app = App()
    answer = serving(said(raw, pause_s=0.01), app)
    assert status(answer) == code
    assert (app.asked == []) is (code != 200)
    if code != 200:
        assert error(answer)["message"]


def test_a_half_sent_head_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "HEAD_S", 0.2)
    app = App()
    answer = serving(said(CHAT + b"x: "), app)
    assert (status(answer), error(answer)["code"], app.asked) == (408, "too_slow", [])


@pytest.mark.parametrize(("start", "drip"), [(b"", b"\r\n"), (GET + b"x: ", b"x")])
def test_nor_does_a_drip_of_it_help(
    monkeypatch: pytest.MonkeyPatch, start: bytes, drip: bytes
) -> None:
    monkeypatch.setattr(connection_limits, "HEAD_S", 0.3)
    answer = serving(said(start, *([drip] * 20), pause_s=0.05))
    assert status(answer) == 408


def test_a_half_sent_body_is_408_and_its_request_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "BODY_S", 0.2)
    app = App()
    answer = serving(said(CHAT + b"content-length: 99\r\n\r\n{"), app)
    assert (status(answer), error(answer)["code"]) == (408, "too_slow")
    assert (app.asked, app.left) == (["/v1/chat/completions"], 1)


@pytest.mark.parametrize(("rate", "code"), [(100, 200), (10**6, 408)])
def test_a_body_has_more_time_the_more_of_it_has_come(
    monkeypatch: pytest.MonkeyPatch, rate: int, code: int
) -> None:
    monkeypatch.setattr(connection_limits, "BODY_S", 0.2)
    monkeypatch.setattr(connection_limits, "BODY_BYTES_S", rate)
    parts = [b"x" * 100] * 10
    head = CHAT + b"connection: close\r\ncontent-length: 1000\r\n\r\n"
    assert status(serving(said(head, *parts, pause_s=0.1))) == code


def test_a_connection_without_a_word_is_closed_without_one() -> None:
    async def talk(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = await reader.read()
        writer.close()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tierwatch.gateway.server._KEEP_ALIVE_S", 0.2)
        assert serving(talk) == b""


def test_a_connection_is_closed_once_it_has_rested_and_not_while_it_is_used() -> None:
    async def talk(port: int) -> tuple[list[bytes], float]:
        loop = asyncio.get_running_loop()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        statuses = []
        for _ in range(4):  # longer, together, than it may rest
            writer.write(GET + b"\r\n")
            statuses.append(await reader.readline())
            await reader.readuntil(b"\r\n\r\n0")
            rests = loop.time()
            await asyncio.sleep(0.25)
        assert await reader.read() == b""
        writer.close()
        return statuses, loop.time() - rests

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tierwatch.gateway.server._KEEP_ALIVE_S", 0.6)
        statuses, rested_s = serving(talk)
    assert statuses == [b"HTTP/1.1 200 OK\r\n"] * 4
    assert 0.55 < rested_s < 3.0


def test_a_request_that_takes_longer_than_a_rest_is_answered() -> None:
    async def talk(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CHAT + b"content-length: 2\r\nconnection: close\r\n\r\na")
        await asyncio.sleep(0.5)
        writer.write(b"b")
        answer = await reader.read()
        writer.close()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tierwatch.gateway.server._KEEP_ALIVE_S", 0.2)
        assert serving(talk).endswith(b"\r\n\r\n2")


class Hasty(App):
    """One that answers at once; a request for ``/slow`` after a while."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
            return
        if scope["path"] == "/slow":
            await asyncio.sleep(0.6)
        head = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"no"})


@pytest.mark.parametrize("behind", [b"", b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n"])
def test_who_is_answered_before_the_body_came_rests_once_it_is_here(behind: bytes) -> None:
    async def talk(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CHAT + b"content-length: 2\r\n\r\na")
        answers = await reader.readuntil(b"\r\n\r\nno")
        writer.write(b"b" + behind)
        answers += await reader.read()
        writer.close()
        return answers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tierwatch.gateway.server._KEEP_ALIVE_S", 0.2)
        answers = serving(talk, Hasty())
    assert answers.count(b"HTTP/1.1 200 OK") == 1 + bool(behind)


def test_who_comes_when_all_places_are_taken_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "most_connections", lambda: 3)

    async def talk(port: int) -> tuple[bytes, bytes]:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        await asyncio.sleep(0.05)
        refused = await said(GET + b"\r\n")(port)
        held[0][1].close()
        await asyncio.sleep(0.1)
        served = await said(GET + b"connection: close\r\n\r\n")(port)
        for _, writer in held:
            writer.close()
        return refused, served

    refused, served = serving(talk)
    assert (status(refused), status(served)) == (503, 200)
    assert error(refused)["message"].startswith("This gateway has 3 connections")
    assert b"retry-after: 1" in refused


@pytest.mark.parametrize(("have", "most"), [(20_064, 10_000), (1_024, 480), (256, 96), (50, 1)])
def test_connections_are_what_descriptors_allow(
    monkeypatch: pytest.MonkeyPatch, have: int, most: int
) -> None:
    monkeypatch.setattr(connection_limits, "descriptors", lambda _: have)
    assert most_connections.__wrapped__() == most


H2C = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        [CHAT + H2C + b"content-length: 5\r\n\r\nhello"],
        [CHAT + H2C + b"content-length: 5\r\n\r\n", b"hello"],
        [CHAT + H2C + b"content-length: 5\r\n\r\nhe", b"llo"],
        [CHAT + H2C + CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"],
        [CHAT + H2C + CHUNKED, b"2\r\nhe\r\n3", b"\r\nllo\r\n0\r\n", b"\r\n"],
    ],
)
def test_the_body_of_a_request_that_asks_for_http_2_is_read(parts: list[bytes]) -> None:
    """Java's own client asks so on each new connection."""
    app = App()
    answer = serving(said(*parts, GET + b"connection: close\r\n\r\n", pause_s=0.05), app)
    first, second = answer.split(b"HTTP/1.1 200 OK")[1:]
    assert first.endswith(b"\r\n\r\n5")
    assert second.endswith(b"\r\n\r\n0")
    assert app.asked == ["/v1/chat/completions", "/"]


def test_requests_that_all_ask_for_http_2_are_all_served() -> None:
    app = App()
    one = CHAT + H2C + b"content-length: 2\r\n\r\nab"
    last = CHAT + b"connection: close\r\ncontent-length: 1\r\n\r\nc"
    answer = serving(said(one * 3 + GET + H2C + b"\r\n" + one + last), app)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"2", b"2", b"2", b"0", b"2", b"1"]


def test_a_broken_body_behind_a_wish_for_http_2_is_400() -> None:
    answer = serving(said(CHAT + H2C + CHUNKED + b"zz\r\n"))
    assert status(answer) == 400
    assert error(answer)["code"] == "invalid_http"


class SlowApp(App):
    """An application whose replies come in two halves."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
            return
        self.asked.append(scope["path"])
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        watch = asyncio.create_task(receive())
        done, _ = await asyncio.wait([watch], timeout=0.3)
        watch.cancel()
        if done:
            self.gone.set()
        await send({"type": "http.response.body", "body": b"whole"})


@pytest.mark.parametrize(
    "bad",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET http://[x/ HTTP/1.1\r\nhost: x\r\n\r\n",
        CHAT + CHUNKED + b"zz\r\n",
        GET + b"\r\n" + CHAT + CHUNKED + b"zz\r\n",
        GET + b"x-long: " + b"x" * MOST_HEAD_BYTES + b"\r\n\r\n",
    ],
)
def test_what_is_refused_leaves_the_requests_before_it_their_answers(bad: bytes) -> None:
    app = SlowApp()
    answer = serving(said(GET + b"\r\n", bad, pause_s=0.05), app)
    assert answer.count(b"HTTP/1.1") == len(app.asked) == 1 + bad.startswith(GET + b"\r\n")
    assert answer.endswith(b"5\r\nwhole\r\n0\r\n\r\n")
    assert b"error" not in answer


def test_an_empty_line_behind_a_request_does_not_end_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_limits, "HEAD_S", 0.1)
    answer = serving(said(GET + b"\r\n", b"\r\n", pause_s=0.05), SlowApp())
    assert answer.endswith(b"5\r\nwhole\r\n0\r\n\r\n")


def test_a_body_that_breaks_behind_its_answer_gets_no_second_one() -> None:
    class Hasty(App):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                await super().__call__(scope, receive, send)
                return
            head = [(b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 404, "headers": head})
            await send({"type": "http.response.body", "body": b""})

    answer = serving(said(CHAT + CHUNKED, b"zz\r\n", pause_s=0.1), Hasty())
    assert answer.count(b"HTTP/1.1") == 1
    assert status(answer) == 404


def test_who_leaves_is_missed_though_another_request_waited() -> None:
    app = SlowApp()

    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + b"\r\n" + GET + b"\r\n")
        await reader.readuntil(b"half")
        writer.transport.abort()
        await asyncio.wait_for(app.gone.wait(), 2)

    serving(talk, app)
    assert app.asked == ["/"]
