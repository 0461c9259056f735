"""A receiver of webhooks on a real socket, which may answer, hang, reset or drip."""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

# What it does beside answering with a status.
HANG, RESET, DRIP, GARBAGE = "hang", "reset", "drip", "garbage"
_HEADERS = {302: "location: http://127.0.0.1:9/elsewhere\r\n", 429: "retry-after: 7\r\n"}


@dataclass
class Sockets:
    """Each connection gets the next of ``does``; the last is repeated."""

    does: list[int | str]
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def next(self) -> int | str:
        return self.does.pop(0) if len(self.does) > 1 else self.does[0]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, state: Sockets) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.state = state

    def handle_error(self, *_: Any) -> None:
        """The caller went away: no news here."""


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        length = 0
        while (line := self.rfile.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        state = self.server.state
        state.bodies.append(self.rfile.read(length))
        does = state.next()
        if does == HANG:
            state.over.wait(30)
        elif does == RESET:
            # Linger of zero: closing sends RST instead of FIN.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        elif does == DRIP:
            self._drip(state.over)
        elif does == GARBAGE:
            self.wfile.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        else:
            extra = _HEADERS.get(int(does), "")
            self.wfile.write(f"HTTP/1.1 {does} X\r\n{extra}content-length: 0\r\n\r\n".encode())

    def _drip(self, over: threading.Event) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nx-slow: yes, and so it goes on\r\n":
            if over.wait(0.1):
                return
            self.wfile.write(bytes([byte]))

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()


@contextmanager
def sockets(*does: int | str) -> Iterator[Sockets]:
    """A receiver on a socket of this machine."""
    state = Sockets(list(does))
    with _Server(state) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield state
        finally:
            state.over.set()
            server.shutdown()
            thread.join()
