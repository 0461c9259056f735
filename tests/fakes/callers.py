"""Callers who keep a gateway busy, and know of each request how it ended."""

import asyncio
import threading
from collections import Counter
from typing import Any, Literal, Self

import aiohttp

Kind = Literal["whole", "stream"]

BODY: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": "Capital?"}]}


class Callers:
    """Callers on kept connections, in a thread; each asks again as soon as it is answered.

    Attributes:
        ended: how requests ended: ``whole``, ``stream``, ``cut`` (a stream without its end),
            ``refused`` (nobody listened), or the error that a caller would see.
        begun: streams whose head has arrived.
    """

    def __init__(self, url: str, *, whole: int = 4, streams: int = 2, pause_s: float = 0.0) -> None:
        self._url = f"{url}/v1/chat/completions"
        self._counts = (whole, streams)
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._call()))
        self.ended: Counter[str] = Counter()
        self.begun = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask no more, and wait for what was asked."""
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    @property
    def served(self) -> int:
        """Requests that were answered to their end."""
        return self.ended["whole"] + self.ended["stream"]

    @property
    def failed(self) -> dict[str, int]:
        """Requests that somebody took and did not answer to their end."""
        return {
            how: n for how, n in self.ended.items() if how not in {"whole", "stream", "refused"}
        }

    async def _call(self) -> None:
        whole, streams = self._counts
        connector = aiohttp.TCPConnector(limit=0, force_close=False)
        async with aiohttp.ClientSession(connector=connector) as session:
            kinds: list[Kind] = ["whole"] * whole + ["stream"] * streams
            await asyncio.gather(*(self._caller(session, kind) for kind in kinds))

    async def _caller(self, session: aiohttp.ClientSession, kind: Kind) -> None:
        while not self._stop.is_set():
            how = await self._ask(session, kind)
            self.ended[how] += 1
            if how == "refused":
                await asyncio.sleep(0.01)
            if self._pause_s:
                await asyncio.sleep(self._pause_s)

    async def _ask(self, session: aiohttp.ClientSession, kind: Kind) -> str:
        begun, stream = False, kind == "stream"
        try:
            async with session.post(self._url, json={**BODY, "stream": stream}) as reply:
                if reply.status != 200:
                    return f"status {reply.status}"
                begun = True
                self.begun += stream
                body = await reply.read()
        except aiohttp.ClientConnectorError:
            return "refused"
        except (aiohttp.ClientError, ConnectionError) as error:
            return "cut" if begun else f"{type(error).__name__}: {error}"
        if not stream:
            return "whole"
        return "stream" if body.rstrip().endswith(b"data: [DONE]") else "cut"
