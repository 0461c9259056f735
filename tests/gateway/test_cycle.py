"""Whole replies leave with one write; every reply is uvicorn's to the byte."""

import asyncio
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from tierwatch.gateway.cycle import Cycle

Messages = list[dict[str, Any]]
JSON = (b"content-type", b"application/json")


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def resume_reading(self) -> None:
        """Nobody reads here."""


def cycle_of(
    kind: type[RequestResponseCycle], wire: Wire, *, method: str = "POST", keep_alive: bool = True
) -> RequestResponseCycle:
    log = logging.getLogger("test")
    return kind(
        scope={"type": "http", "method": method},  # type: ignore[arg-type]  # no more is read
        transport=wire,
        flow=FlowControl(wire),
        logger=log,
        access_logger=log,
        access_log=False,
        default_headers=[(b"date", b"today"), (b"x-content-type-options", b"nosniff")],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: None,
    )


def sent(
    kind: type[RequestResponseCycle], messages: Messages, **said: Any
) -> tuple[list[bytes], bool, str]:
    """What is written, whether the connection is closed, and what goes wrong."""
    wire = Wire()

    async def run() -> str:
        cycle = cycle_of(kind, wire, **said)
        try:
            for message in messages:
                await cycle.send(message)  # type: ignore[arg-type]  # odd ones too
        except Exception as error:  # noqa: BLE001 - compared
            return repr(error)
        assert cycle.response_complete == (not messages[-1].get("more_body", False))
        return ""

    problem = asyncio.run(run())
    return wire.writes, wire.closed, problem


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def length(count: int) -> tuple[bytes, bytes]:
    return (b"content-length", b"%d" % count)


def test_a_whole_reply_is_one_write() -> None:
    writes, closed, problem = sent(Cycle, [start(JSON, length(2)), body(b"{}")])
    reply = (
        b"HTTP/1.1 200 OK\r\ndate: today\r\nx-content-type-options: nosniff\r\n"
        b"content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    )
    assert writes == [reply]
    assert (closed, problem) == (False, "")


def test_the_last_reply_of_a_connection_says_so_and_closes_it() -> None:
    writes, closed, _ = sent(Cycle, [start(length(0)), body(b"")], keep_alive=False)
    assert len(writes) == 1
    assert b"\r\nconnection: close\r\n\r\n" in writes[0]
    assert closed


def test_a_long_body_is_not_copied_behind_its_head() -> None:
    long = bytes(70_000)
    writes, _, _ = sent(Cycle, [start(length(len(long))), body(long)])
    assert writes[1:] == [long]


def test_the_head_of_a_stream_does_not_wait_for_its_first_event() -> None:
    wire = Wire()

    async def run() -> None:
        await cycle_of(Cycle, wire).send(start((b"content-type", b"text/event-stream")))  # type: ignore[arg-type]

    asyncio.run(run())
    assert len(wire.writes) == 1


@pytest.mark.parametrize("data", [b"123", b"1"])
def test_a_body_of_another_length_than_was_said_is_a_mistake(data: bytes) -> None:
    messages = [start(length(2)), body(data)]
    writes, _, problem = sent(Cycle, messages)
    assert "Content-Length" in problem
    assert b"".join(writes) == b"".join(sent(RequestResponseCycle, messages)[0])


def test_a_value_that_holds_another_header_is_never_sent() -> None:
    writes, _, problem = sent(
        Cycle, [start(length(0), (b"x-tierwatch-model", b"a\r\nx: y")), body(b"")]
    )
    assert writes == []
    assert "Invalid HTTP header value" in problem


@pytest.mark.parametrize("kind", [Cycle, RequestResponseCycle])
def test_who_asks_for_a_head_alone_gets_no_piece_of_a_stream(
    kind: type[RequestResponseCycle],
) -> None:
    messages = [start((b"transfer-encoding", b"chunked")), body(b"{}", more=True), body(b"")]
    writes, _, problem = sent(kind, messages, method="HEAD")
    assert b"".join(writes).endswith(b"\r\ntransfer-encoding: chunked\r\n\r\n")
    assert problem == ""


def test_nothing_is_written_for_a_caller_who_left_between_head_and_body() -> None:
    wire = Wire()

    async def run() -> None:
        cycle = cycle_of(Cycle, wire)
        await cycle.send(start(length(2)))  # type: ignore[arg-type]
        cycle.disconnected = True
        await cycle.send(body(b"{}"))  # type: ignore[arg-type]

    asyncio.run(run())
    assert wire.writes == []


def test_a_caller_who_reads_slowly_is_waited_for() -> None:
    wire = Wire()

    async def run() -> None:
        cycle = cycle_of(Cycle, wire)
        await cycle.send(start(length(2)))  # type: ignore[arg-type]
        cycle.flow.pause_writing()
        sending = asyncio.create_task(cycle.send(body(b"{}")))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert not sending.done()
        cycle.flow.resume_writing()
        await sending
        assert cycle.response_complete

    asyncio.run(run())
    assert b"".join(wire.writes).endswith(b"\r\n\r\n{}")


names = st.sampled_from(
    [
        *(b"content-length", b"Content-Length", b"content-type", b"x-id"),
        *(b"connection", b"transfer-encoding", b"x y", b"\xff"),
    ]
)
values = st.sampled_from(
    [b"0", b"2", b"3", b"-1", b"+2", b"x", b"", b"close", b"chunked", b"a\tb", b"a\nb", b"\xe9"]
)
parts = st.lists(st.sampled_from([b"", b"{}", b"123", bytes(65_537)]), min_size=1, max_size=3)


@given(
    headers=st.lists(st.tuples(names, values), max_size=4),
    bodies=parts,
    status=st.sampled_from([200, 204, 304, 503]),
    method=st.sampled_from(["GET", "POST", "HEAD"]),
    keep_alive=st.booleans(),
)
def test_every_reply_is_uvicorns_to_the_byte(
    headers: list[tuple[bytes, bytes]],
    bodies: list[bytes],
    status: int,
    method: str,
    *,
    keep_alive: bool,
) -> None:
    messages = [start(*headers, status=status)]
    messages += [body(data, more=place < len(bodies)) for place, data in enumerate(bodies, 1)]
    ours, theirs = (
        sent(kind, messages, method=method, keep_alive=keep_alive)
        for kind in (Cycle, RequestResponseCycle)
    )
    assert (b"".join(ours[0]), *ours[1:]) == (b"".join(theirs[0]), *theirs[1:])
