"""Opens connections: the addresses of a host, the fastest of them, and TLS."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from itertools import chain, zip_longest
from typing import NamedTuple

from tierwatch.client.address import Origin
from tierwatch.client.connection import Connection
from tierwatch.client.face import CONNECT_S
from tierwatch.client.faults import UnreachableError
from tierwatch.client.tls import ResumingContext

# A provider that moves is found within a minute; asking for each connection would hold a thread
# for each.
_ADDRESSES_S = 60.0
# RFC 8305 says 250 ms between attempts at the addresses of one host.
_NEXT_ADDRESS_S = 0.25
# uvloop rounds its timers to milliseconds.
_CLOCK_S = 0.002


class _Host(NamedTuple):
    host: str
    port: int


class Dialler:
    """Opens connections in the running loop. Remembers addresses for a minute.

    A socket is never made here and handed to the loop: where a connection is dropped as it opens,
    uvloop 0.23 closes the descriptor and the socket's end closes it again, by then perhaps
    somebody else's.

    Args:
        connection: makes a connection to an origin, not open yet.
    """

    def __init__(self, connection: Callable[[Origin], Connection]) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._tls: ResumingContext | None = None
        self._known: dict[_Host, tuple[float, list[str]]] = {}
        self._asking: dict[_Host, asyncio.Task[list[str]]] = {}

    async def dial(self, origin: Origin, deadline: float) -> Connection:
        """Connect to an origin.

        Raises:
            UnreachableError: none of its addresses takes a connection within `CONNECT_S`, or TLS
                fails.
            TimeoutError: the deadline came first.
        """
        try:
            async with asyncio.timeout_at(min(deadline, self._loop.time() + CONNECT_S)):
                return await self._open(origin)
        except OSError as error:
            self._known.pop(_next(origin), None)
            if isinstance(error, TimeoutError) and self._loop.time() >= deadline - _CLOCK_S:
                raise
            raise UnreachableError(_said(error)) from error

    def answered(self, connection: Connection) -> None:
        """Note what is known of an origin only once it has answered: its TLS session."""
        if self._tls is not None:
            self._tls.remember(connection.origin.host, connection.tls)

    async def _open(self, origin: Origin) -> Connection:
        host = _next(origin)
        connection = await self._fastest(origin, await self._addresses(host), host.port)
        if origin.secure:
            try:
                if origin.through is not None:
                    await connection.tunnel(origin.through)
                await connection.secure(self._context())
            except BaseException:
                connection.abort()
                raise
        return connection

    async def _addresses(self, host: _Host) -> list[str]:
        until, found = self._known.get(host, (0.0, []))
        if self._loop.time() < until:
            return found
        # Asked once, however many wait: uvloop has four threads for it, and a start under load
        # would otherwise queue hundreds of the same question behind a slow DNS.
        asking = self._asking.get(host)
        if asking is None:
            asking = self._asking[host] = self._loop.create_task(self._ask(host))
            asking.add_done_callback(lambda done: self._told(host, done))
        return await asyncio.shield(asking)

    async def _ask(self, host: _Host) -> list[str]:
        told = await self._loop.getaddrinfo(*host, type=socket.SOCK_STREAM)
        found = _in_turn([(family, str(where[0])) for family, _, _, _, where in told])
        self._known[host] = (self._loop.time() + _ADDRESSES_S, found)
        return found

    def _told(self, host: _Host, asking: "asyncio.Task[list[str]]") -> None:
        del self._asking[host]
        if not asking.cancelled():
            asking.exception()  # whoever waits raises it; perhaps nobody does by now

    async def _fastest(self, origin: Origin, addresses: list[str], port: int) -> Connection:
        """The first to open of several attempts, each begun a little after the one before."""
        if len(addresses) == 1:
            return await self._attempt(origin, addresses[0], port)
        to_try = list(addresses)
        under_way: set[asyncio.Task[Connection]] = set()
        opened: list[Connection] = []
        error: BaseException | None = None
        try:
            while not opened and (to_try or under_way):
                if to_try:
                    attempt = self._attempt(origin, to_try.pop(0), port)
                    under_way.add(self._loop.create_task(attempt))
                done, under_way = await asyncio.wait(
                    under_way,
                    timeout=_NEXT_ADDRESS_S if to_try else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for attempted in done:
                    error = attempted.exception() or error
                    if attempted.exception() is None:
                        opened.append(attempted.result())
        finally:
            for task in under_way:
                task.add_done_callback(_drop)
                task.cancel()
        for late in opened[1:]:
            late.abort()
        if opened:
            return opened[0]
        raise error or OSError("no address")

    async def _attempt(self, origin: Origin, address: str, port: int) -> Connection:
        connection = self._connection(origin)
        await self._loop.create_connection(lambda: connection, address, port)
        return connection

    def _context(self) -> ResumingContext:
        # Made once, and only where needed: reading the authorities takes 20 ms and 2 MB.
        if self._tls is None:
            self._tls = ResumingContext()
        return self._tls


def _next(origin: Origin) -> _Host:
    """Who is at the other end of the wire: the origin, or the proxy on the way to it."""
    there = origin if origin.through is None else origin.through
    return _Host(there.host, there.port)


def _in_turn(found: list[tuple[int, str]]) -> list[str]:
    """Addresses of both families by turns, in the resolver's order, each once."""
    first = [where for family, where in found if family == found[0][0]]
    others = [where for family, where in found if family != found[0][0]]
    pairs = chain.from_iterable(zip_longest(first, others))
    return list(dict.fromkeys(where for where in pairs if where is not None))


def _drop(attempt: "asyncio.Task[Connection]") -> None:
    """An attempt that opened as it was given up."""
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().abort()


def _said(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, TimeoutError):
        return f"no connection within {CONNECT_S:g} s"
    return type(error).__name__
