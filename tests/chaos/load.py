"""Callers: a steady stream of requests through any of several gateways, as a balancer sends them.

Each request has an identity of its own; what became of it is written down by its caller, so that
what tierwatch stored can be compared with what people saw.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tierwatch.providers.recorded.traffic_file import RecordedExchange, read_traffic

# A caller waits this long: longer than any fault here lasts.
_PATIENCE_S = 60.0
_STREAMED = 5  # every fifth request


@dataclass(slots=True)
class Seen:
    """What callers saw. Times are seconds of the monotonic clock.

    Attributes:
        failed: requests that reached a gateway and got no whole answer, by reason.
        request_ids: of every whole answer.
        slowest_s: from the first attempt to the last byte.
    """

    sent: int = 0
    answered: int = 0
    request_ids: list[str] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    turned_away: int = 0
    slowest_s: float = 0.0


class Load:
    """Sends ``per_s`` requests a second from a thread of its own until `end`."""

    def __init__(self, traffic: Path, gateways: Sequence[str], *, per_s: float) -> None:
        self._items = [item for item in read_traffic(traffic) if isinstance(item, RecordedExchange)]
        self._gateways = tuple(gateways)
        self._every_s = 1 / per_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load")
        self.seen = Seen()

    def begin(self) -> None:
        """Start sending."""
        self._thread.start()

    def end(self) -> Seen:
        """Stop sending, wait for what is under way, and say what was seen."""
        self._ending.set()
        self._thread.join(2 * _PATIENCE_S)
        assert not self._thread.is_alive()
        return self.seen

    def _run(self) -> None:
        asyncio.run(self._sending())

    async def _sending(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as client,
            asyncio.TaskGroup() as group,
        ):
            due = time.monotonic()
            while not self._ending.is_set():
                group.create_task(self._ask(client, self.seen.sent))
                self.seen.sent += 1
                # An open loop: a slow answer does not slow the callers down.
                due += self._every_s
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _ask(self, client: aiohttp.ClientSession, number: int) -> None:
        began = time.monotonic()
        item = self._items[number % len(self._items)]
        stream = number % _STREAMED == 0
        body = {"model": "auto", "messages": list(item.messages), "stream": stream}
        headers = {"x-session-id": f"{item.session}-{number // len(self._items)}"}
        first = number % len(self._gateways)
        for gateway in (*self._gateways[first:], *self._gateways[:first]):
            try:
                why, request_id = await _one(client, gateway, body, headers)
            except aiohttp.ClientConnectorError:
                self.seen.turned_away += 1
                continue  # nothing was sent: a balancer asks the next one
            break
        else:
            why, request_id = "no gateway listens", ""
        self.seen.slowest_s = max(self.seen.slowest_s, time.monotonic() - began)
        if why:
            self.seen.failed[why] += 1
        else:
            self.seen.answered += 1
            self.seen.request_ids.append(request_id)


async def _one(
    client: aiohttp.ClientSession, gateway: str, body: dict[str, Any], headers: dict[str, str]
) -> tuple[str, str]:
    """Ask one gateway; why there is no whole answer (or nothing), and the request's id."""
    try:
        async with client.post(
            f"{gateway}/v1/chat/completions", json=body, headers=headers
        ) as reply:
            said = await reply.read()
            request_id = reply.headers.get("x-tierwatch-request-id", "")
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientError, TimeoutError) as problem:
        return type(problem).__name__, ""
    if reply.status != 200:
        return f"HTTP {reply.status}: {said[:160].decode(errors='replace')}", request_id
    if body["stream"] and not said.rstrip().endswith(b"data: [DONE]"):
        return "a stream without its end", request_id
    return "", request_id
