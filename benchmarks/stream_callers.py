"""So many callers at once, each reading one stream: what they saw, as JSON.

python benchmarks/stream_callers.py URL STREAMS
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvloop

BODY = json.dumps(
    {
        "model": "gpt-4o-mini",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": "What is the capital of France, and why?"}],
    }
).encode()
_SPREAD_S = 0.002  # between two callers' beginnings


@dataclass
class Seen:
    """What all callers saw."""

    events: int = 0
    failed: int = 0
    firsts: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)


def milliseconds(values: list[float], share: float) -> float | None:
    """A quantile, in milliseconds.

    >>> milliseconds([0.1, 0.2, 0.3], 0.5)
    200.0
    """
    ranked = sorted(values)
    place = min(len(ranked) - 1, int(share * len(ranked)))
    return round(ranked[place] * 1000, 1) if ranked else None


async def read_one(url: str, head: bytes, after_s: float, seen: Seen) -> None:
    """Read one stream to its end."""
    await asyncio.sleep(after_s)
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    began = last = time.perf_counter()
    writer.write(head + BODY)
    status = await reader.readuntil(b"\r\n\r\n")
    tail, first = b"", None
    while b" 200 " in status[:20] and not tail.endswith(b"0\r\n\r\n"):
        data = await reader.read(65_536)
        if not data:
            break
        now = time.perf_counter()
        if first is not None:
            seen.pauses.append(now - last)
        elif b"capital" in data:
            first = now - began
            seen.firsts.append(first)
        last, tail = now, (tail + data)[-64:]
        seen.events += data.count(b"data: ")
    seen.failed += not tail.endswith(b"0\r\n\r\n")
    writer.close()


async def load(url: str, streams: int) -> Seen:
    """Read so many streams at once."""
    parts, seen = urlsplit(url), Seen()
    head = (
        f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\nauthorization: Bearer sk-1234\r\n"
        f"content-type: application/json\r\ncontent-length: {len(BODY)}\r\n\r\n"
    ).encode()
    callers = (read_one(url, head, place * _SPREAD_S, seen) for place in range(streams))
    await asyncio.gather(*callers)
    return seen


def main() -> None:
    """Measure and print."""
    seen = uvloop.run(load(sys.argv[1], int(sys.argv[2])))
    print(
        json.dumps(
            {
                "events": seen.events,
                "failed": seen.failed,
                "first_ms_p50": milliseconds(seen.firsts, 0.5),
                "pause_ms_p50": milliseconds(seen.pauses, 0.5),
                "pause_ms_p99": milliseconds(seen.pauses, 0.99),
            }
        )
    )


if __name__ == "__main__":
    main()
