"""The connection to a caller: sending to it, and noticing that it has gone.

A provider is not paid for an answer that nobody reads.
"""

import asyncio

from tierwatch.faults import guard
from tierwatch.gateway.asgi import Receive, Send

# A watch costs a task; a reply that is there by then needs none.
_WATCH_AFTER_S = 0.05


class Caller:
    """One caller. Cancels the task that created it when the caller closes the connection.

    Create it after the request's body was read: from then on the ASGI server's next message is the
    disconnect. Stop watching before the last byte of the reply, after which every caller leaves.

    Attributes:
        send: the ASGI channel.
    """

    __slots__ = ("_left", "_receive", "_serving", "_timer", "_watching", "send")

    def __init__(self, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        self.send = send
        self._receive = receive
        self._serving = asyncio.current_task(loop)
        self._left = False
        self._watching: asyncio.Task[None] | None = None
        self._timer = loop.call_later(_WATCH_AFTER_S, self.watch)

    def watch(self) -> None:
        """Watch from now on, and no later."""
        self._timer.cancel()
        if self._watching is None:
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    def unwatch(self) -> None:
        """Watch no longer."""
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()

    def left(self) -> bool:
        """Whether a cancellation came from here; if so it is taken back from the task."""
        if self._left and self._serving is not None:
            self._serving.uncancel()
        return self._left

    async def _watch(self) -> None:
        with guard("caller: watch") as watched:
            while (await self._receive())["type"] != "http.disconnect":
                pass
        if self._serving is not None and not watched.cause:
            self._left = True
            self._serving.cancel()
