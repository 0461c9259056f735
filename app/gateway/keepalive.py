"""Keeping a streaming caller's connection alive while a model thinks, or a cascade waits.

Load balancers cut connections that are silent for a minute, and Claude Code gives up after three.
"""

import asyncio
from collections.abc import Sequence

from tierwatch.faults import guard
from tierwatch.gateway.asgi import Header, Send
from tierwatch.wire.chat import ANTHROPIC

# What clients read over: Anthropic's own event, and a comment on the other wires.
_PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_COMMENT = b": ping\n\n"
_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
# While bytes come that are not passed on, the caller hears of it so often.
_SWALLOWED_S = 1.0
_OK = 200


class Keepalive:
    """One caller's. Sends a ping when nothing was sent for a while; stop it before the last byte.

    The first ping may have to send the head of the reply, too: status 200, before anybody has
    answered. What fails then is said by an event.

    Args:
        send: the ASGI channel.
        wire: the caller's.
        head: what the reply's head says.
        every_s: of silence. A ping comes after this time, and within twice as long.

    Attributes:
        begun: whether the head was sent, by this.
    """

    __slots__ = (
        "_every_s",
        "_head",
        "_last",
        "_loop",
        "_ping",
        "_seen",
        "_send",
        "_swallowed_at",
        "_task",
        "_timer",
        "begun",
    )

    def __init__(self, send: Send, wire: str, head: Sequence[Header], every_s: float) -> None:
        self.begun = False
        self._last: bytes | None = None  # of what was passed on; before anything was
        self._seen: bytes | None = None
        self._send = send
        self._head = head
        self._ping = _PING if wire == ANTHROPIC else _COMMENT
        self._every_s = every_s
        self._swallowed_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(every_s, self._tick)

    def stop(self) -> None:
        """Send no more of them."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def passes_on(self, chunk: bytes) -> None:
        """These bytes go to the caller now; none are the head alone, which no ping need send."""
        self._last = chunk

    async def swallowed(self) -> None:
        """Something came that is not for the caller."""
        now = self._loop.time()
        if now - self._swallowed_at >= _SWALLOWED_S:
            self._swallowed_at = now
            await self._send_ping()

    def _tick(self) -> None:
        # The same bytes as at the last tick: nothing was sent since. Inside an event a ping would
        # tear it.
        if self._last is self._seen and (self._last is None or self._last.endswith(_ENDS)):
            self._task = self._loop.create_task(self._beat())
        self._seen = self._last
        self._timer = self._loop.call_later(self._every_s, self._tick)

    async def _beat(self) -> None:
        with guard("keepalive: ping"):
            if self._last is None and not self.begun:
                self.begun = True
                head = list(self._head)
                await self._send({"type": "http.response.start", "status": _OK, "headers": head})
            await self._send_ping()

    async def _send_ping(self) -> None:
        await self._send({"type": "http.response.body", "body": self._ping, "more_body": True})
