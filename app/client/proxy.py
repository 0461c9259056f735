"""A way to an origin through an HTTP proxy: CONNECT, and then whatever is spoken."""

import asyncio
import base64
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from tierwatch.client.faults import UnreachableError

_MOST_BYTES = 16 * 1024
_END = b"\r\n\r\n"


class Proxy(NamedTuple):
    """An HTTP proxy.

    Attributes:
        url: as it was given.
        host: a name in ASCII, or an IP address without brackets.
        port: the port.
        authorization: what it is told of who we are; empty where it does not ask.
    """

    url: str
    host: str
    port: int
    authorization: str = ""

    def __repr__(self) -> str:
        """Without the password."""
        return f"Proxy({self.host}:{self.port})"

    @property
    def lines(self) -> str:
        """The header lines that are for the proxy alone."""
        return f"proxy-authorization: {self.authorization}\r\n" if self.authorization else ""


def read_proxy(url: str) -> Proxy:
    """A proxy's address, ``http://user:password@host:3128``; user and password may be left out.

    Raises:
        ValueError: it is no such address. The message does not show it.
    """
    accepted = ValueError("no address of an HTTP proxy, as http://user:password@host:3128")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 3128
    except ValueError:
        raise accepted from None
    if parts.scheme != "http" or not host or not host.isascii() or parts.path.strip("/"):
        raise accepted
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode()
    return Proxy(url, host, port, authorization)


class Tunnel(asyncio.Protocol):
    """Asks a proxy for a way to an origin. Bound to the transport until there is one.

    Args:
        loop: that it lives in.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._said = b""
        self._answered: asyncio.Future[bytes] = loop.create_future()

    async def open(self, transport: asyncio.Transport, to: str, proxy: Proxy) -> None:
        """Ask, and wait for the way.

        Args:
            transport: to the proxy.
            to: the origin's host and port.
            proxy: whom it leads to.

        Raises:
            UnreachableError: the proxy refuses, or leaves.
        """
        transport.set_protocol(self)
        transport.write(f"CONNECT {to} HTTP/1.1\r\nhost: {to}\r\n{proxy.lines}\r\n".encode())
        status = (await self._answered)[9:12]
        if status[:1] != b"2":
            shown = status.decode("ascii", "replace") if status.isdigit() else "something else"
            raise UnreachableError(f"its proxy answered {shown}")

    def data_received(self, data: bytes) -> None:
        """Part of the proxy's answer; nothing may follow it before we have spoken."""
        self._said += data
        head, found, surplus = self._said.partition(_END)
        if surplus or len(head) > _MOST_BYTES or not self._said.startswith(b"HTTP/1."[: len(head)]):
            self._answer(b"")
        elif found:
            self._answer(head)

    def connection_lost(self, exc: Exception | None) -> None:
        """The proxy has left."""
        del exc
        self._answer(b"")

    def _answer(self, head: bytes) -> None:
        if not self._answered.done():
            self._answered.set_result(head)
