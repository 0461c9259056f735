"""Our own client: connections kept by origin, each carrying one request after the other."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from tierwatch.client.address import Address, Origin, header_lines
from tierwatch.client.connection import Connection, ConnectionReply
from tierwatch.client.dialling import Dialler
from tierwatch.client.faults import UnreachableError

# Closing waits so long for connections to say good-bye.
_CLOSE_S = 1.0


class Pool:
    """Posts over connections that it keeps, as `face.Client` describes it.

    A request takes the connection that became idle last, so that the others grow old and close.
    There is no limit on their number: the callers decide how many requests are under way.
    """

    def __init__(self) -> None:
        # Insertion order is the order in which they became idle.
        self._idle: defaultdict[Origin, dict[Connection, None]] = defaultdict(dict)
        self._live: set[Connection] = set()
        self._dialler: Dialler | None = None
        self._last_gone: asyncio.Event | None = None

    async def __aenter__(self) -> Self:
        self._dialler = Dialler(self._made)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._dialler = None
        for connection in list(self._live):
            connection.abort()
        # The loop tells each connection of its end in a later turn.
        if self._live:
            self._last_gone = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._last_gone.wait(), _CLOSE_S)

    async def post(
        self,
        address: Address,
        body: bytes,
        *,
        deadline: float,
        headers: Mapping[str, str] | None = None,
    ) -> ConnectionReply:
        """Send a request, once, and return its answer when the head is here.

        Raises:
            ClientFault: there is no answer.
            TimeoutError: there was none by the deadline.
            ValueError: a header would not stay one line.
        """
        if self._dialler is None:
            raise RuntimeError("The pool is used outside its `async with` block.")
        more = header_lines(headers) if headers else b""
        head = b"%s%scontent-length: %d\r\n\r\n" % (address.head, more, len(body))
        connection = self._taken(address.origin)
        if connection is None:
            connection = await self._dialler.dial(address.origin, deadline)
            self._keep(connection)
        return await connection.send(head, body, deadline)

    def _taken(self, origin: Origin) -> Connection | None:
        """An idle connection; one that the provider has closed by now is passed over."""
        idle = self._idle[origin]
        while idle:
            connection, _ = idle.popitem()
            if connection.usable:
                return connection
            connection.abort()
        return None

    def answered(self, connection: Connection) -> None:
        """A connection has brought its first answer."""
        if self._dialler is not None:
            self._dialler.answered(connection)

    def freed(self, connection: Connection) -> None:
        """A connection may carry another request."""
        if self._dialler is None:
            connection.abort()
            return
        self._idle[connection.origin][connection] = None

    def gone(self, connection: Connection) -> None:
        """A connection is no more."""
        self._live.discard(connection)
        self._idle[connection.origin].pop(connection, None)
        if self._last_gone is not None and not self._live:
            self._last_gone.set()

    def _keep(self, connection: Connection) -> None:
        """Take in a connection that has just opened, unless all is over."""
        if self._dialler is None or not connection.usable:
            connection.abort()
            raise UnreachableError("the connection was closed as it opened")
        self._live.add(connection)

    def _made(self, origin: Origin) -> Connection:
        return Connection(asyncio.get_running_loop(), origin, self)
