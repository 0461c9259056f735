"""A TCP proxy that does to a connection what networks, servers and their hosts do to it."""

import asyncio
import contextlib
import enum
import random
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Self

_SLOW_S = 1.0  # before each piece that the server sends
_KEPT_BYTES = 20  # of what the server sends, before a truncated connection ends
_LINGER_NONE = struct.pack("ii", 1, 0)  # closing sends RST instead of FIN


class Fault(enum.Enum):
    """What is wrong with every connection, old and new, until it is set back to NONE."""

    NONE = "none"
    REFUSED = "refused"  # nobody listens; what was open is reset
    SILENT = "silent"  # accepts and carries nothing; what came meanwhile arrives when it ends
    SLOW = "slow"
    RESETTING = "resetting"  # at the first bytes of the client
    TRUNCATING = "truncating"  # a few bytes of the server, then the end
    GARBAGE = "garbage"  # as many bytes as the server sent, none of them the same


class FaultProxy:
    """Listens on a port of its own and carries bytes to and from ``port`` on loopback.

    Used as a context manager; its loop runs in a thread of its own. `set` may be called anywhere.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._fault = Fault.NONE
        self._random = random.Random(port)
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._open.set()
        self._sockets: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self.port = 0
        self.connections = 0  # since the start

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def set(self, fault: Fault) -> None:
        """Begin a fault, or end it with `Fault.NONE`."""
        self._run(self._set(fault))

    def _run(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._carry, "127.0.0.1", self.port, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _set(self, fault: Fault) -> None:
        was, self._fault = self._fault, fault
        if fault in {Fault.REFUSED, Fault.RESETTING}:
            self._reset_all()
        if fault is Fault.REFUSED and self._server is not None:
            self._server.close()
            self._server = None
        elif was is Fault.REFUSED and self._server is None:
            await self._listen()
        if was in {Fault.GARBAGE, Fault.TRUNCATING} and fault is Fault.NONE:
            self._reset_all()  # no server remembers where such a conversation stood
        (self._open.clear if fault is Fault.SILENT else self._open.set)()

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        self._reset_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _reset_all(self) -> None:
        for writer in list(self._sockets):
            _reset(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self._sockets.add(writer)
        upstream = None
        try:
            there, upstream = await asyncio.open_connection("127.0.0.1", self._target)
            self._sockets.add(upstream)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, upstream, from_server=False))
                both.create_task(self._pump(there, writer, from_server=True))
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, upstream):
                if end is not None:
                    self._sockets.discard(end)
                    _reset(end)
            self._tasks.discard(task)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_server: bool
    ) -> None:
        while data := await reader.read(65_536):
            await self._open.wait()
            if self._fault is Fault.RESETTING:
                raise ConnectionResetError
            if from_server:
                if self._fault is Fault.SLOW:
                    await asyncio.sleep(_SLOW_S)
                elif self._fault is Fault.TRUNCATING:
                    writer.write(data[:_KEPT_BYTES])
                    await writer.drain()
                    writer.write_eof()
                    return
                elif self._fault is Fault.GARBAGE:
                    data = self._random.randbytes(len(data))
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection the hard way."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    writer.transport.abort()
