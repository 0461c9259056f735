"""A connection on a transport and a clock of the test's own."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from fakes.raw_server import CHUNKED, OK, chunk, whole
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.client.address import Origin
from tierwatch.client.connection import Connection, ConnectionReply, idle_s
from tierwatch.client.faults import BrokenAnswerError, ClientFault, CutError, UnreachableError

ORIGIN = Origin(secure=False, host="a", port=80)
FAR = 10_000.0


class Wire(asyncio.Transport):
    """A transport that notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.aborted = self.paused = False

    def write(self, data: Any) -> None:
        self.sent.append(bytes(data))

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        assert not self.paused
        self.paused = True

    def resume_reading(self) -> None:
        assert self.paused
        self.paused = False


class Timer:
    """A timer that rings when its loop's clock has come so far."""

    def __init__(self, due: float, ring: Callable[[], None]) -> None:
        self.due = due
        self.ring = ring
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """As much of a loop as a connection uses, with a time that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def create_future(self) -> "asyncio.Future[None]":
        return asyncio.get_running_loop().create_future()

    def call_at(self, due: float, ring: Callable[[], None]) -> Timer:
        self.timers.append(Timer(due, ring))
        return self.timers[-1]

    def wait(self, until: float) -> None:
        """Let the time pass, ringing as it comes."""
        while ripe := [t for t in self.timers if not t.cancelled and t.due <= until]:
            first = min(ripe, key=lambda timer: timer.due)
            self.timers.remove(first)
            self.now = max(self.now, first.due)
            first.ring()
        self.now = until

    @property
    def set(self) -> int:
        return sum(not timer.cancelled for timer in self.timers)


class Bench:
    """A connection, what it stands on, and who keeps it."""

    def __init__(self) -> None:
        self.clock: Any = Clock()
        self.wire = Wire()
        self.said: list[str] = []
        self.connection = Connection(self.clock, ORIGIN, self)
        self.connection.connection_made(self.wire)

    def answered(self, _: Connection) -> None:
        self.said.append("answered")

    def freed(self, _: Connection) -> None:
        self.said.append("freed")

    def gone(self, _: Connection) -> None:
        self.said.append("gone")

    async def reply(
        self, *pieces: bytes, deadline: float = FAR, body: bytes = b"{}"
    ) -> ConnectionReply:
        """Send a request and let these bytes come."""
        sending = asyncio.create_task(self.connection.send(b"HEAD\r\n\r\n", body, deadline))
        await asyncio.sleep(0)
        for piece in pieces:
            self.connection.data_received(piece)
        return await sending


def run(test: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await test(Bench())

    asyncio.run(main())


def test_a_small_request_is_one_write() -> None:
    async def test(it: Bench) -> None:
        reply = await it.reply(whole(b"a"))
        assert it.wire.sent == [b"HEAD\r\n\r\n{}"]
        assert (reply.status, await reply.read(), await reply.read()) == (200, b"a", b"")
        assert it.said == ["answered", "freed"]

    run(test)


def test_it_is_free_before_the_answer_is_read() -> None:
    """Two replies of one connection do not mix, whoever reads first."""

    async def test(it: Bench) -> None:
        first = await it.reply(whole(b"a"))
        second = await it.reply(whole(b"b"))
        first.close()
        assert not it.wire.aborted
        assert (await second.read(), await first.read()) == (b"b", b"a")
        assert it.said == ["answered", "freed", "freed"]

    run(test)


def test_a_large_body_waits_for_room() -> None:
    async def test(it: Bench) -> None:
        body = b"x" * 600_000
        it.connection.pause_writing()
        sending = asyncio.create_task(it.connection.send(b"HEAD", body, FAR))
        await asyncio.sleep(0)
        assert it.wire.sent == [b"HEAD"]
        it.connection.resume_writing()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert b"".join(it.wire.sent) == b"HEAD" + body
        assert max(map(len, it.wire.sent)) <= 256 * 1024
        it.connection.data_received(whole(b""))
        assert (await sending).status == 200
        assert it.said[-1] == "freed"

    run(test)


@pytest.mark.parametrize("status", [b"413 Large", b"401 Who"])
def test_a_refusal_ends_the_sending_and_the_connection(status: bytes) -> None:
    async def test(it: Bench) -> None:
        it.connection.pause_writing()
        reply = await it.reply(whole(b"no", status), body=b"x" * 600_000)
        assert (await reply.read(), it.wire.sent) == (b"no", [b"HEAD\r\n\r\n"])
        assert it.wire.aborted
        assert "freed" not in it.said

    run(test)


def test_an_early_welcome_does_not_end_the_sending() -> None:
    async def test(it: Bench) -> None:
        body = b"x" * 600_000
        it.connection.pause_writing()
        sending = asyncio.create_task(it.connection.send(b"", body, FAR))
        await asyncio.sleep(0)
        it.connection.data_received(CHUNKED)
        await asyncio.sleep(0)
        assert not sending.done()
        it.connection.resume_writing()
        reply = await sending
        assert b"".join(it.wire.sent) == body
        it.connection.data_received(chunk(b"a"))
        assert await reply.read() == b"a"

    run(test)


def test_a_deadline_holds_from_the_first_wait_to_the_last() -> None:
    async def test(it: Bench) -> None:
        reply = await it.reply(CHUNKED + chunk(b"a"), deadline=10)
        assert await reply.read() == b"a"
        reading = asyncio.create_task(reply.read())
        await asyncio.sleep(0)
        it.clock.wait(9.9)
        assert not it.wire.aborted
        it.clock.wait(10.1)
        with pytest.raises(TimeoutError):
            await reading
        assert it.wire.aborted

    run(test)


def test_an_unhurried_reply_may_last_while_no_pause_is_too_long() -> None:
    async def test(it: Bench) -> None:
        reply = await it.reply(CHUNKED + chunk(b"a"), deadline=10)
        await reply.read()
        reply.unhurried(5)
        for step in range(1, 10):
            reading = asyncio.create_task(reply.read())
            await asyncio.sleep(0)
            it.clock.wait(step * 4.0)
            it.connection.data_received(chunk(b"b"))
            assert await reading == b"b"
        reading = asyncio.create_task(reply.read())
        await asyncio.sleep(0)
        it.clock.wait(36 + 4.9)
        assert not it.wire.aborted
        it.clock.wait(36 + 5.1)
        with pytest.raises(TimeoutError):
            await reading

    run(test)


def test_a_caller_who_takes_long_is_no_silence() -> None:
    async def test(it: Bench) -> None:
        reply = await it.reply(CHUNKED + chunk(b"a"), deadline=10)
        reply.unhurried(5)
        it.clock.wait(1_000)
        assert not it.wire.aborted
        assert await reply.read() == b"a"

    run(test)


def test_a_thousand_requests_set_the_timer_a_few_times() -> None:
    async def test(it: Bench) -> None:
        made = 0
        for number in range(1_000):
            before = len(it.clock.timers)
            await it.reply(whole(b"a"), deadline=it.clock.now + 60)
            made += len(it.clock.timers) - before
            it.clock.wait(number * 0.01)
        assert made <= 3
        assert it.clock.set == 1

    run(test)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(b"", 50), (b"keep-alive: timeout=5\r\n", 4), (b"keep-alive: x\r\n", 50)],
)
def test_an_idle_connection_ends_before_the_server_ends_it(header: bytes, seconds: float) -> None:
    async def test(it: Bench) -> None:
        await it.reply(whole(b"a", headers=header))
        it.clock.wait(seconds - 0.1)
        assert it.connection.usable
        it.clock.wait(seconds + 0.1)
        assert not it.connection.usable
        assert it.wire.aborted
        it.connection.connection_lost(None)
        assert it.said[-1] == "gone"

    run(test)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("timeout=5", 4),
        ("timeout=5, max=1000", 4),
        ("max=1000, Timeout = 30", 29),
        ('timeout="15"', 14),
        ("timeout=2", 1),
        ("timeout=1", 0.5),
        ("timeout=0", 0),
        ("timeout=75", 50),
        ("timeout=999999", 50),
        ("timeout=9999999999999999999999", 50),
        ("timeout=-1", 50),
        ("xtimeout=5", 50),
        ("", 50),
    ],
)
def test_how_long_a_server_keeps_it(said: str, seconds: float) -> None:
    assert idle_s(said) == seconds


def test_what_comes_unasked_ends_it() -> None:
    async def test(it: Bench) -> None:
        await it.reply(whole(b"a"))
        it.connection.data_received(b"H")
        assert it.wire.aborted
        assert not it.connection.usable

    run(test)


@pytest.mark.parametrize(
    ("pieces", "error", "fault"),
    [
        ([], None, UnreachableError),
        ([], ConnectionResetError(), UnreachableError),
        ([OK], ConnectionResetError(), UnreachableError),
        ([CHUNKED], None, CutError),
        ([CHUNKED], ConnectionResetError(), CutError),
        ([OK + b"\r\n"], ConnectionResetError(), CutError),
    ],
)
def test_the_end_of_the_connection_is_said_by_how_far_it_came(
    pieces: list[bytes], error: Exception | None, fault: type[Exception]
) -> None:
    async def test(it: Bench) -> None:
        reading = asyncio.create_task(_all(it, pieces))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        it.connection.connection_lost(error)
        with pytest.raises(fault):
            await reading
        assert it.said == ["gone"]
        assert it.clock.set == 0

    run(test)


async def _all(it: Bench, pieces: list[bytes]) -> None:
    reply = await it.reply(*pieces)
    while await reply.read():
        pass


def test_what_came_before_the_end_is_read_first_and_the_fault_after_it_again_and_again() -> None:
    async def test(it: Bench) -> None:
        reply = await it.reply(CHUNKED + chunk(b"a") + chunk(b"b"))
        it.connection.data_received(b"zz\r\n")
        assert await reply.read() == b"ab"
        for _ in range(2):
            with pytest.raises(BrokenAnswerError):
                await reply.read()

    run(test)


def test_reading_pauses_and_goes_on() -> None:
    async def test(it: Bench) -> None:
        reply = await it.reply(CHUNKED + chunk(b"x" * 100_000))
        assert not it.wire.paused
        it.connection.data_received(chunk(b"x" * 100_000))
        assert it.wire.paused
        it.connection.data_received(chunk(b"x" * 100_000))  # what lay in the transport
        assert len(await reply.read()) == 300_000
        assert not it.wire.paused

    run(test)


def test_a_whole_answer_that_nobody_reads_does_not_hold_the_connection() -> None:
    async def test(it: Bench) -> None:
        first = await it.reply(CHUNKED + chunk(b"x" * 200_000))
        assert it.wire.paused
        it.connection.data_received(b"0\r\n\r\n")
        assert not it.wire.paused
        second = await it.reply(whole(b"b"))
        assert await second.read() == b"b"
        assert len(await first.read()) == 200_000

    run(test)


def test_a_caller_who_is_cancelled_drops_it() -> None:
    async def test(it: Bench) -> None:
        sending = asyncio.create_task(it.connection.send(b"", b"", FAR))
        await asyncio.sleep(0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert it.wire.aborted
        it.connection.data_received(whole(b"late"))
        assert "freed" not in it.said

    run(test)


def test_who_takes_it_over_in_the_same_turn_is_woken_too() -> None:
    """The first caller has its answer, but its task has not run yet."""

    async def test(it: Bench) -> None:
        first = asyncio.create_task(it.connection.send(b"", b"", FAR))
        await asyncio.sleep(0)

        async def take_over() -> ConnectionReply:
            return await it.connection.send(b"", b"", FAR)

        second = asyncio.create_task(take_over())  # runs before what it wakes
        it.connection.data_received(whole(b"a"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        it.connection.data_received(whole(b"b"))
        async with asyncio.timeout(1):
            assert await (await first).read() == b"a"
            assert await (await second).read() == b"b"

    run(test)


def test_who_is_cancelled_with_his_answer_does_not_take_it_from_the_next() -> None:
    async def test(it: Bench) -> None:
        first = asyncio.create_task(it.connection.send(b"", b"", FAR))
        await asyncio.sleep(0)
        second = asyncio.create_task(it.connection.send(b"", b"", FAR))
        it.connection.data_received(whole(b"a"))
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert not it.wire.aborted
        it.connection.data_received(whole(b"b"))
        async with asyncio.timeout(1):
            assert await (await second).read() == b"b"

    run(test)


@given(
    raw=st.one_of(
        st.binary(max_size=300),
        st.tuples(
            st.sampled_from([whole(b"body"), CHUNKED + chunk(b"body") + b"0\r\n\r\n"]),
            st.binary(max_size=30),
            st.integers(0, 200),
        ).map(lambda made: made[0][: made[2]] + made[1] + made[0][made[2] :]),
    ),
    cuts=st.lists(st.integers(0, 300), max_size=6),
)
def test_whatever_comes_the_caller_gets_an_answer_or_a_fault(raw: bytes, cuts: list[int]) -> None:
    places = sorted({cut % (len(raw) + 1) for cut in cuts} | {0, len(raw)})

    async def test(it: Bench) -> None:
        reading = asyncio.create_task(_all(it, []))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for start, end in pairwise(places):
            if not it.wire.aborted:
                it.connection.data_received(raw[start:end])
        it.connection.connection_lost(None)
        async with asyncio.timeout(1):
            with suppress(ClientFault):
                await reading
        assert it.said[-1] == "gone"
        assert it.clock.set == 0

    run(test)


def test_nothing_is_sent_over_one_that_is_closing() -> None:
    async def test(it: Bench) -> None:
        it.wire.aborted = True
        with pytest.raises(UnreachableError, match="before anything was sent"):
            await it.connection.send(b"", b"", FAR)
        assert it.wire.sent == []

    run(test)


def test_one_that_ends_while_the_provider_had_to_wait() -> None:
    """What came is still read; nobody asks a dead transport for more."""

    async def test(it: Bench) -> None:
        reply = await it.reply(CHUNKED + chunk(b"x" * 200_000))
        it.wire.aborted = True
        it.connection.connection_lost(ConnectionResetError())
        assert len(await reply.read()) == 200_000
        with pytest.raises(CutError):
            await reply.read()

    run(test)


def test_one_that_never_opened_can_be_dropped() -> None:
    connection = Connection(Clock(), ORIGIN, None)  # type: ignore[arg-type]
    connection.abort()
    assert not connection.usable
