"""A little HTTP proxy: leads on to any port of this machine, by CONNECT or by whole addresses."""

import asyncio
import re
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass
class ForwardProxy:
    """A proxy that may ask who one is.

    Attributes:
        authorization: what it has to be told, or "".
        answer: said to a CONNECT instead of leading on; b"" stays silent, None leads on.
        heads: of the requests that it was asked.
    """

    authorization: str = ""
    answer: bytes | None = None
    heads: list[bytes] = field(default_factory=list)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
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

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        if self.answer is not None:
            writer.write(self.answer)
            await (reader.read() if not self.answer else writer.drain())
            return
        told = re.search(rb"(?i)\r\nproxy-authorization: ([^\r]*)", head)
        if (told[1].decode() if told else "") != self.authorization:
            writer.write(b"HTTP/1.1 407 Who\r\ncontent-length: 0\r\n\r\n")
            return
        method, target, _ = head.split(b" ", 2)
        port = int(target.rpartition(b":")[2].partition(b"/")[0])
        there, on = await asyncio.open_connection("127.0.0.1", port)
        if method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 Go on\r\nx-proxy: yes\r\n\r\n")
        else:
            on.write(head.replace(target, b"/" + target.split(b"/", 3)[3], 1))
        try:
            await asyncio.gather(_pipe(reader, on), _pipe(there, writer))
        finally:
            on.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()
