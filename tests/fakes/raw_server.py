"""A server that says what a test tells it to, byte by byte, on a socket of its own."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


def whole(body: bytes, status: bytes = b"200 OK", headers: bytes = b"") -> bytes:
    """An answer with a length."""
    length = b"content-length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + status + b"\r\n" + length + headers + b"\r\n" + body


def chunk(data: bytes) -> bytes:
    """A chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


class Line:
    """One connection as its server sees it."""

    def __init__(
        self, server: "RawServer", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.number = server.connections
        self._server = server
        self._reader = reader
        self._writer = writer

    @property
    def open(self) -> bool:
        return not self._reader.at_eof()

    @property
    def resumed(self) -> bool:
        """Whether its TLS went on from an earlier connection's."""
        spoken: ssl.SSLObject = self._writer.get_extra_info("ssl_object")
        return bool(spoken.session_reused)

    async def request(self) -> bytes:
        """The next request, head and body; raises IncompleteReadError when there is none."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        lengths = [
            int(line.split(b":")[1])
            for line in head.lower().splitlines()
            if line.startswith(b"content-length")
        ]
        self._server.requests.append(head + await self._reader.readexactly(sum(lengths)))
        self._server.asked.set()
        return self._server.requests[-1]

    async def head(self) -> bytes:
        """The head of the next request alone."""
        return await self._reader.readuntil(b"\r\n\r\n")

    async def read(self, most: int) -> bytes:
        return await self._reader.read(most)

    async def say(self, *pieces: bytes, pause_s: float = 0.0) -> None:
        """Send pieces, each in a packet of its own where there is a pause."""
        for number, piece in enumerate(pieces):
            if number:
                await asyncio.sleep(pause_s)
            self._writer.write(piece)
            await self._writer.drain()

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def drain(self) -> None:
        await self._writer.drain()

    def close(self) -> None:
        self._writer.close()

    def say_no_more(self) -> None:
        """Close our half alone."""
        self._writer.write_eof()

    def reset(self) -> None:
        """End it with a RST."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def left(self) -> None:
        """Until the client has gone."""
        while await self._reader.read(65536):
            pass


Script = Callable[[Line], Awaitable[None]]


@dataclass
class RawServer:
    """Runs a script on each connection, and closes it afterwards.

    Attributes:
        requests: what was asked, in order of arrival.
        connections: how many were made.
        open: how many are open now.
        asked: set once there was a request.
    """

    script: Script
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    _nobody: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._connected, self.host, self.port, ssl=self.tls, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if self.tls is None else 'https'}://{host}:{self.port}/v1"

    async def deserted(self, within_s: float = 2.0) -> None:
        """Until every client has gone."""
        async with asyncio.timeout(within_s):
            await self._nobody.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        self._nobody.clear()
        try:
            await self.script(Line(self, reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except asyncio.CancelledError:
            pass  # the test is over; a cancelled handler would be logged by asyncio
        finally:
            self.open -= 1
            if not self.open:
                self._nobody.set()
            self._tasks.discard(task)
            writer.close()


def answering(*answers: bytes) -> Script:
    """Answer each request of a connection in turn, the last one again and again."""

    async def script(line: Line) -> None:
        number = 0
        while True:
            await line.request()
            await line.say(answers[min(number, len(answers) - 1)])
            number += 1

    return script
