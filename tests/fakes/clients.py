"""Both clients of the gateway in an event loop of a test's choice."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

import uvloop
from fakes.raw_server import RawServer, Script

from tierwatch.client.address import Address, read_address
from tierwatch.client.face import Client, Reply
from tierwatch.client.faults import ClientFault
from tierwatch.client.pool import Pool
from tierwatch.client.with_aiohttp import AiohttpClient

T = TypeVar("T")


class Kind(NamedTuple):
    """A client and the loop it runs in."""

    client: type[Pool] | type[AiohttpClient]
    loop: Callable[[], asyncio.AbstractEventLoop]

    @property
    def ours(self) -> bool:
        return self.client is Pool


KINDS = {
    "pool": Kind(Pool, uvloop.new_event_loop),
    "pool-asyncio": Kind(Pool, asyncio.new_event_loop),
    "aiohttp": Kind(AiohttpClient, uvloop.new_event_loop),
}


class Seen(NamedTuple):
    """What a caller saw of one request.

    Attributes:
        status: of HTTP; 0 where there was no head.
        body: what was read of the answer.
        fault: the error's name, or "".
    """

    status: int
    body: bytes
    fault: str = ""


class Talk(NamedTuple):
    """What a test works with."""

    client: Client
    server: RawServer
    address: Address

    async def post(self, body: bytes = b"{}", *, within_s: float = 2.0) -> Reply:
        deadline = asyncio.get_running_loop().time() + within_s
        return await self.client.post(self.address, body, deadline=deadline)

    async def seen(
        self, body: bytes = b"{}", *, within_s: float = 2.0, silence_s: float | None = None
    ) -> Seen:
        """Post, and read to the end."""
        status, parts = 0, []
        try:
            reply = await self.post(body, within_s=within_s)
            status = reply.status
            if silence_s is not None:
                reply.unhurried(silence_s)
            try:
                while part := await reply.read():
                    parts.append(part)
            finally:
                reply.close()
        except (ClientFault, TimeoutError) as error:
            return Seen(status, b"".join(parts), type(error).__name__)
        return Seen(status, b"".join(parts))


def talk(kind: Kind, script: Script, use: Callable[[Talk], Awaitable[T]]) -> T:
    """Use a client of this kind against a server that follows a script."""

    async def main() -> T:
        async with RawServer(script) as server, kind.client() as client:
            return await use(Talk(client, server, read_address(server.url, {"user-agent": "test"})))

    return run(kind, main())


def run(kind: Kind, use: Awaitable[T]) -> T:
    """Run in the loop of this kind; whatever nobody caught in a callback is an error."""
    unhandled = []

    async def main() -> T:
        asyncio.get_running_loop().set_exception_handler(lambda _, said: unhandled.append(said))
        return await use

    with asyncio.Runner(loop_factory=kind.loop) as runner:
        result = runner.run(main())
    assert unhandled == []
    return result
