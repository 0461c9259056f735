"""Noticing that a caller has left, so that the provider is not paid for an answer nobody reads."""

import asyncio

from starlette.types import Receive

# A watch costs a task; a reply that is there by then needs none.
_WATCH_AFTER_S = 0.05


class CallerWatch:
    """Cancels the task that created it when the caller closes the connection.

    Create it after the request's body was read: from then on the ASGI server's next message is the
    disconnect. Stop it before the last byte of the reply, after which every caller leaves.
    """

    __slots__ = ("_left", "_receive", "_serving", "_timer", "_watching")

    def __init__(self, receive: Receive) -> None:
        loop = asyncio.get_running_loop()
        self._receive = receive
        self._serving = asyncio.current_task(loop)
        self._left = False
        self._watching: asyncio.Task[None] | None = None
        self._timer = loop.call_later(_WATCH_AFTER_S, self.start)

    def start(self) -> None:
        """Watch from now on."""
        self._timer.cancel()
        if self._watching is None:
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    def stop(self) -> None:
        """Watch no longer."""
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()

    def caller_left(self) -> bool:
        """Whether a cancellation came from here; if so it is taken back from the task."""
        if self._left and self._serving is not None:
            self._serving.uncancel()
        return self._left

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._serving is not None:
            self._left = True
            self._serving.cancel()
