"""One connection to a provider: an asyncio protocol that carries one request after the other."""

import asyncio
import math
import re
import select
import ssl
from typing import Protocol, cast

from tierwatch.client.address import Origin
from tierwatch.client.answer import Answer, Fields
from tierwatch.client.face import IDLE_S
from tierwatch.client.faults import BrokenAnswerError, ClientFault, CutError, UnreachableError
from tierwatch.client.parser import AnswerParser
from tierwatch.client.proxy import Proxy, Tunnel

# Bytes that may wait here for a caller who does not read; beyond it the provider has to wait.
_MOST_UNREAD = 128 * 1024
# A body is handed to the transport in pieces of this size: under TLS each is encrypted, and so
# copied, at once.
_PIECE_BYTES = 256 * 1024
# From this status on an answer that comes before the body was sent is a refusal to read it.
_REFUSED = 400
# uvloop rounds its timers to milliseconds, and may ring that much too early.
_CLOCK_S = 0.001
# A connection that has rested for longer is asked for its end before it is used: a loop that was
# busy may not have noticed it. It takes 3 us, so not on each request of a busy gateway.
_FRESH_S = 1.0
_KEPT = re.compile(r"(?:^|[\s,;])timeout\s*=\s*\"?(\d{1,6})", re.IGNORECASE)


class Keeper(Protocol):
    """Who keeps connections."""

    def answered(self, connection: "Connection") -> None:
        """Its first answer has come whole."""

    def freed(self, connection: "Connection") -> None:
        """Another request may be carried."""

    def gone(self, connection: "Connection") -> None:
        """It is no more."""


class Connection(asyncio.Protocol):
    """A connection, idle or carrying one request.

    There is one timer, which is seldom set: who waits notes when it is too long, and the timer,
    when it rings, finds out whether anybody still does. A connection that carries a request each
    millisecond sets it once in a time-out and not twice in a request.

    Args:
        loop: that it lives in.
        origin: whom it leads to.
        keeper: learns when it has answered, is free for another request, and is no more.

    Attributes:
        origin: whom it leads to.
        requests: how many it has carried.
    """

    __slots__ = (
        "_alarm",
        "_alarm_at",
        "_answer",
        "_due",
        "_idle_s",
        "_keeper",
        "_loop",
        "_parser",
        "_problem",
        "_reading",
        "_transport",
        "_waiter",
        "_writable",
        "_writing",
        "origin",
        "requests",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, origin: Origin, keeper: "Keeper") -> None:
        self.origin = origin
        self.requests = 0
        self._loop = loop
        self._keeper = keeper
        self._idle_s = IDLE_S
        self._parser = AnswerParser()
        self._transport: asyncio.Transport = _Unopened()
        self._answer: Answer | None = None
        self._problem: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._reading = self._writable = True
        self._writing = False
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = self._due = math.inf

    @property
    def usable(self) -> bool:
        """Whether an idle connection can carry a request."""
        now = self._loop.time()
        if self._transport.is_closing() or now >= self._due:
            return False
        return now < self._due - self._idle_s + _FRESH_S or not self._unheard()

    @property
    def tls(self) -> ssl.SSLObject | None:
        """Its TLS, if it speaks it."""
        return cast("ssl.SSLObject | None", self._transport.get_extra_info("ssl_object"))

    async def tunnel(self, proxy: Proxy) -> None:
        """Have the proxy at the other end lead on to the origin.

        Raises:
            UnreachableError: it does not.
        """
        await Tunnel(self._loop).open(self._transport, self.origin.shown, proxy)
        self._transport.set_protocol(self)

    async def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS from here on.

        Raises:
            OSError: the provider does not, or its certificate does not hold.
        """
        opened = await self._loop.start_tls(
            self._transport, self, context, server_hostname=self.origin.host
        )
        if opened is None:
            raise ConnectionAbortedError
        self._transport = opened

    async def send(self, head: bytes, body: bytes, deadline: float) -> "ConnectionReply":
        """Send a request and wait for the head of its answer.

        Raises:
            ClientFault: there is no answer.
            TimeoutError: there was none by the deadline.
        """
        if self._transport.is_closing():
            raise UnreachableError("the connection was closed before anything was sent")
        answer = self._answer = Answer()
        self.requests += 1
        self._parser.expect(answer)
        if len(body) <= _PIECE_BYTES:
            self._transport.write(head + body)
        else:
            await self._send_in_pieces(head, body, answer, deadline)
        while not answer.status:
            await self.wait(deadline)
        return ConnectionReply(self, answer, deadline)

    async def _send_in_pieces(
        self, head: bytes, body: bytes, answer: Answer, deadline: float
    ) -> None:
        self._writing = True
        self._transport.write(head)
        view = memoryview(body)
        for start in range(0, len(body), _PIECE_BYTES):
            while not _refused(answer) and not (
                self._writable and not self._transport.is_closing()
            ):
                await self.wait(deadline)
            if _refused(answer):
                return  # and the connection, with half a request in it, is dropped at the end
            self._transport.write(view[start : start + _PIECE_BYTES])
        self._writing = False

    async def wait(self, due: float) -> None:
        """Until something has happened: bytes, the end, or room to write.

        Raises:
            ClientFault: the connection has failed.
            TimeoutError: nothing happened until ``due``.
        """
        if self._problem is not None:
            raise self._problem
        answer = self._answer
        waiter = self._waiter = self._loop.create_future()
        self._ring_at(due)
        try:
            await waiter
        except BaseException:
            # The caller has left; what is still sent belongs to nobody. But where the answer came
            # whole in the same turn, somebody else may have the connection by now.
            if self._answer is answer:
                self._waiter = None
                self.abort()
            raise

    def listen(self) -> None:
        """Let the provider send again, where it had to wait."""
        if not self._reading:
            self._reading = True
            if not self._transport.is_closing():
                self._transport.resume_reading()

    def now(self) -> float:
        """The time by its loop's clock."""
        return self._loop.time()

    def abort(self) -> None:
        """Drop it at once, whatever it is doing."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        answer = self._answer
        if answer is None:  # nobody has asked anything
            self.abort()
            return
        try:
            self._parser.feed(data)
        except BrokenAnswerError as error:
            self._fail(error)
            return
        if answer.whole:
            self._finish(answer)
        elif answer.unread > _MOST_UNREAD and self._reading:
            self._reading = False
            self._transport.pause_reading()
        if answer.status:
            self._wake()

    def eof_received(self) -> None:
        """The provider will send no more; a connection of which one half is closed is of no use."""
        self._end(None)
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is no more."""
        self._end(exc)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._keeper.gone(self)

    def pause_writing(self) -> None:
        """The provider reads more slowly than we write."""
        self._writable = False

    def resume_writing(self) -> None:
        """There is room again."""
        self._writable = True
        self._wake()

    def _unheard(self) -> bool:
        """Whether something has come that the loop has not read yet: mostly the server's end."""
        raw = self._transport.get_extra_info("socket")
        if raw is None:
            return False
        poll = select.poll()
        poll.register(raw.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _finish(self, answer: Answer) -> None:
        self._answer = None
        if self.requests == 1:
            self._idle_s = idle_s(answer.header("keep-alive"))
            self._keeper.answered(self)
        if answer.reusable and not self._writing and not self._transport.is_closing():
            self.listen()
            self._ring_at(self._loop.time() + self._idle_s)
            self._keeper.freed(self)
        else:
            self.abort()

    def _end(self, error: Exception | None) -> None:
        answer = self._answer
        if answer is None or self._problem is not None:
            return
        if error is None:
            try:
                self._parser.end()
            except ClientFault as fault:
                self._problem = fault
        else:
            kind = CutError if answer.status else UnreachableError
            self._problem = kind(type(error).__name__)
            self._problem.__cause__ = error
        self._wake()

    def _fail(self, problem: Exception) -> None:
        self._problem = problem
        self.abort()
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _ring_at(self, due: float) -> None:
        self._due = due
        if due < self._alarm_at:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm_at = due
            self._alarm = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._alarm, self._alarm_at = None, math.inf
        if self._waiter is None and self._answer is not None:
            return  # somebody is busy with what has come; the next wait sets the timer
        if self._loop.time() < self._due - _CLOCK_S:
            self._ring_at(self._due)
        elif self._answer is None:
            self.abort()
        else:
            self._fail(TimeoutError("no answer in time"))


class ConnectionReply:
    """The answer that a connection is bringing, as `face.Reply` describes it."""

    __slots__ = ("_answer", "_connection", "_deadline", "_silence_s", "status")

    def __init__(self, connection: Connection, answer: Answer, deadline: float) -> None:
        self.status = answer.status
        self._answer = answer
        self._connection = connection
        self._deadline = deadline
        self._silence_s: float | None = None

    def header(self, name: str) -> str:
        """The value of a header, named in lower case; empty where there is none."""
        return self._answer.header(name)

    @property
    def fields(self) -> Fields:
        """Names and values of the head, as they were sent."""
        return self._answer.fields

    async def read(self) -> bytes:
        """All that has come and was not read yet, once there is something; nothing at the end.

        Raises:
            ClientFault: the answer breaks off, or is broken.
            TimeoutError: nothing came for too long. The connection is gone.
        """
        answer, connection = self._answer, self._connection
        while not answer.unread:
            if answer.whole:
                return b""
            await connection.wait(self._due())
        data = answer.take()
        if not answer.whole:
            connection.listen()
        return data

    def unhurried(self, silence_s: float) -> None:
        """From here on each wait may take ``silence_s``; there is no deadline for the whole."""
        self._silence_s = silence_s

    def close(self) -> None:
        """Drop the connection, unless the answer came whole: then it is kept for reuse."""
        if not self._answer.whole:
            self._connection.abort()

    def _due(self) -> float:
        if self._silence_s is None:
            return self._deadline
        return self._connection.now() + self._silence_s


def idle_s(keep_alive: str) -> float:
    """How long a connection may rest whose server sent this ``Keep-Alive`` header.

    A second less than it says, so that it does not close as a request is on its way.

    >>> idle_s("timeout=5, max=100"), idle_s("timeout=1"), idle_s("")
    (4.0, 0.5, 50.0)
    """
    said = _KEPT.search(keep_alive)
    if said is None:
        return IDLE_S
    seconds = float(said[1])
    return min(IDLE_S, max(seconds - 1, seconds / 2))


class _Unopened(asyncio.Transport):
    """Stands for the transport until there is one."""

    def is_closing(self) -> bool:
        return True

    def abort(self) -> None:
        """There is nothing to drop."""


def _refused(answer: Answer) -> bool:
    return answer.whole or answer.status >= _REFUSED
