"""ASGI as the gateway speaks it: its types, whole replies, and the opening and closing of an app.

No framework: between the server and a chat stand one dictionary of paths and nothing else. A
layer that only passes on costs every streamed event a call and every wait a frame more.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

from tierwatch.wire.json_bytes import write_json

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]


class Request(NamedTuple):
    """What an endpoint may ask of a request.

    Attributes:
        headers: names are lower-case.
        receive: gives the body.
        query: behind the path, as it was sent.
        name: the end of a path that ends with a name.
    """

    headers: Mapping[bytes, bytes]
    receive: Receive
    query: bytes = b""
    name: str = ""


class Reply(NamedTuple):
    """A whole reply.

    Attributes:
        body: of it.
        status: of HTTP.
        content_type: of the body.
        headers: beside type and length.
        after: run once the reply is sent.
    """

    body: bytes
    status: int = 200
    content_type: bytes = b"application/json"
    headers: Sequence[Header] = ()
    after: Callable[[], Awaitable[None]] | None = None

    async def send(self, send: Send) -> None:
        """Send it, then do what is to be done after it."""
        head = [
            *self.headers,
            (b"content-type", self.content_type),
            (b"content-length", b"%d" % len(self.body)),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": head})
        await send({"type": "http.response.body", "body": self.body})
        if self.after is not None:
            await self.after()


def json_reply(value: Mapping[str, Any], status: int = 200) -> Reply:
    """JSON as a reply."""
    return Reply(write_json(value), status)


async def run_lifespan(
    open_app: Callable[[], AbstractAsyncContextManager[None]], receive: Receive, send: Send
) -> None:
    """Open everything when the server starts, close it when the server stops.

    The server is told of either's failure, and ends with its error.
    """
    await receive()
    entered = False
    try:
        async with open_app():
            entered = True
            await send({"type": "lifespan.startup.complete"})
            await receive()
    except BaseException as error:
        what = "shutdown" if entered else "startup"
        await send({"type": f"lifespan.{what}.failed", "message": repr(error)})
        raise
    await send({"type": "lifespan.shutdown.complete"})
