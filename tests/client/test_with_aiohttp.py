"""What is aiohttp's own; all else it shares with the pool, in test_face.py and test_tls.py."""

import asyncio

import pytest
from fakes.clients import KINDS, Seen, Talk, talk
from fakes.raw_server import CHUNKED, Line, answering, whole

from tierwatch.client.address import read_address
from tierwatch.client.with_aiohttp import AiohttpClient

AIOHTTP = KINDS["aiohttp"]


def test_it_is_opened_before_it_is_used() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="async with"):
            await AiohttpClient().post(read_address("http://a", {}), b"", deadline=0)

    asyncio.run(main())


def test_closing_twice_is_no_fault() -> None:
    async def use(it: Talk) -> Seen:
        seen = await it.seen()
        await it.client.__aexit__(None, None, None)
        return seen

    assert talk(AIOHTTP, answering(whole(b"{}")), use) == Seen(200, b"{}")


def test_cookies_are_not_kept() -> None:
    async def use(it: Talk) -> bytes:
        await it.seen()
        await it.seen()
        return it.server.requests[1]

    raw = whole(b"{}", headers=b"set-cookie: a=b; path=/\r\n")
    assert b"cookie" not in talk(AIOHTTP, answering(raw), use).lower()


def test_a_read_that_took_too_long_closes_the_connection() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.say(CHUNKED)
        await line.left()

    async def use(it: Talk) -> None:
        reply = await it.post()
        reply.unhurried(0.05)
        with pytest.raises(TimeoutError):
            await reply.read()
        await it.server.deserted()  # though nobody has closed the reply

    talk(AIOHTTP, script, use)
