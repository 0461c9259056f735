"""Run a driver's scenarios before each gateway, and print what became of each: a JSON line."""

import asyncio
import inspect
import json
import os
import struct
import traceback
import zlib
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

MODEL = os.environ.get("MODEL", "auto")
PLAIN = "Which city lies on the Aare?"
LOOP = "What is the weather in three cities? [[loop 3 weather]]"
PICTURE = "What is on this picture?"
SHAPED = "Name a city."
MANY = 50
KEY = "key-of-a-caller"


def _chunk(kind: bytes, data: bytes) -> bytes:
    checked = kind + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


PNG = b64encode(
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\x00\xff\x00\x00"))
    + _chunk(b"IEND", b"")
).decode()


def drive(**scenarios: Callable[[str], object]) -> None:
    """Play each scenario before each gateway. A scenario takes the gateway's address, or raises."""
    for gateway, url in json.loads(os.environ["GATEWAYS"]).items():
        for name, scenario in scenarios.items():
            problem = ""
            try:
                said = scenario(url)
                if inspect.isawaitable(said):
                    asyncio.run(_awaited(said))
            except Exception as error:  # noqa: BLE001 - whatever a client raises is its result
                problem = f"{type(error).__name__}: {error}"
                if os.environ.get("TRACE"):
                    traceback.print_exc()
            told = {"gateway": gateway, "scenario": name, "problem": problem}
            print("RESULT " + json.dumps(told), flush=True)


async def _awaited(said: object) -> object:
    return await said  # type: ignore[misc]


def check(text: object, wanted: str) -> None:
    """Raise unless an answer holds what it should."""
    if wanted not in str(text):
        raise AssertionError(f"wanted {wanted!r}, got {str(text)[:300]!r}")


def plain(text: object) -> None:
    check(text, "The answer is 42")


def looped(text: object) -> None:
    check(text, "Done after 3 results")


def seen(text: object) -> None:
    check(text, "1 images")


def at_once(ask: Callable[[], object]) -> None:
    """Ask fifty times at once."""
    with ThreadPoolExecutor(MANY) as pool:
        for answer in [pool.submit(ask) for _ in range(MANY)]:
            answer.result()


def weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: its name
    """
    return f"It is sunny in {city}."
