"""The connection to a caller: sending to it, and noticing that it has gone.

A provider is not paid for an answer that nobody reads.
"""

import asyncio

from tierwatch.faults import guard
from tierwatch.gateway.asgi import Receive, Send

# A watch costs a task; a reply that is there after one or two rounds needs none.
_ROUND_S = 0.025


class Caller:
    """One caller. Cancels the task that created it when the caller closes the connection.

    Create it after the request's body was read: from then on the ASGI server's next message is the
    disconnect. Stop watching before the last byte of the reply, after which every caller leaves.

    Attributes:
        send: the ASGI channel.
    """

    __slots__ = ("_left", "_receive", "_serving", "_waiting", "_watching", "send")

    def __init__(self, receive: Receive, send: Send, waiting: "Waiting | None" = None) -> None:
        self.send = send
        self._receive = receive
        self._serving = asyncio.current_task()
        self._left = False
        self._watching: asyncio.Task[None] | None = None
        self._waiting = Waiting() if waiting is None else waiting
        self._waiting.add(self)

    def watch(self) -> None:
        """Watch from now on, and no later."""
        self._waiting.remove(self)
        if self._watching is None:
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    def unwatch(self) -> None:
        """Watch no longer."""
        self._waiting.remove(self)
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


class Waiting:
    """Callers who have waited for less than two rounds. One timer for all of them.

    A timer each would cost a request 1 us, and nearly all are cancelled.
    """

    __slots__ = ("_longer", "_loop", "_new", "_timer")

    def __init__(self) -> None:
        self._new: set[Caller] = set()
        self._longer: set[Caller] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, caller: Caller) -> None:
        """Have a caller watched, unless it is removed soon."""
        self._new.add(caller)
        if self._timer is None or self._loop is not asyncio.get_running_loop():
            self._set()

    def remove(self, caller: Caller) -> None:
        """It is watched by now, or need not be."""
        self._new.discard(caller)
        self._longer.discard(caller)

    def _round(self) -> None:
        patient, self._longer, self._new = self._longer, self._new, set()
        # Before anybody is watched: one whose watch cannot begin must not end it for all others.
        self._timer = None
        if self._longer:
            self._set()
        for caller in patient:
            with guard("caller: watch"):
                caller.watch()

    def _set(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_ROUND_S, self._round)
