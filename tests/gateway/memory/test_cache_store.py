"""Redis slow, stopped, dead, full or wrong: the request path does not notice."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from tierwatch.gateway.memory.cache_store import CacheAbsentError, CacheStore
from tierwatch.local import Stack

BUDGET_MS = 20
# What a loaded machine may add to the budget before the loop comes round again.
SLACK_MS = 60


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Redis that may be stopped and killed."""
    folder = tmp_path_factory.mktemp("own")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TIERWATCH_")}
    with Stack(folder, say=lambda _: None, environ=clean) as running:
        yield running
        running.discard()


@pytest.fixture(scope="module")
def own_url(own: Stack) -> str:
    return own.start_redis()


@contextmanager
def paused(own: Stack) -> Iterator[None]:
    pid = own.pid("redis")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def ask(gateway: Any, content: str = "What is the capital of France?") -> Any:
    messages = [{"role": "user", "content": content}]
    body = {"model": "auto", "temperature": 0, "messages": messages}
    return gateway.client.post("/v1/chat/completions", json=body)


def overhead_ms(response: Any) -> float:
    return float(response.headers["x-tierwatch-overhead-ms"])


def until(condition: Callable[[], bool], seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def hits(gateway: Any) -> bool:
    return ask(gateway).headers["x-tierwatch-cache"] == "hit"


def looks(gateway: Any) -> dict[str, int]:
    head = "tierwatch_gateway_cache_lookups_total{result="
    lines = gateway.client.get("/metrics").text.splitlines()
    found = (line[len(head) :].split("} ") for line in lines if line.startswith(head))
    return {name.strip('"'): int(float(number)) for name, number in found}


@pytest.fixture
def gateway(start_gateway: Any, openai_provider: Any, own_url: str) -> Any:
    redis.Redis.from_url(own_url).flushdb()
    cache = f"{{cache: {{mode: exact, budget_ms: {BUDGET_MS}}}}}"
    running = start_gateway(openai_provider, gateway=cache, cache_url=own_url)
    until(lambda: hits(running))
    return running


def test_a_stopped_redis_costs_three_requests_the_budget_and_no_one_more(
    gateway: Any, own: Stack
) -> None:
    with paused(own):
        took = [overhead_ms(ask(gateway)) for _ in range(20)]
        counted = looks(gateway)
    assert max(took) < BUDGET_MS + SLACK_MS
    assert counted["slow"] == 3
    assert counted["away"] == 17
    until(lambda: hits(gateway))


def test_a_dead_redis_is_forgotten_and_found_again(gateway: Any, own: Stack) -> None:
    own.kill("redis")
    responses = [ask(gateway, f"Question {number}?") for number in range(10)]
    assert [response.status_code for response in responses] == [200] * 10
    assert {response.headers["x-tierwatch-cache"] for response in responses} == {"miss"}
    assert max(map(overhead_ms, responses)) < BUDGET_MS + SLACK_MS
    own.restart("redis")
    until(lambda: hits(gateway))


def test_a_gateway_starts_without_redis(start_gateway: Any, openai_provider: Any) -> None:
    running = start_gateway(
        openai_provider,
        gateway="{cache: {mode: exact}}",
        cache_url="redis://:nobody@127.0.0.1:9/0",
    )
    assert running.client.get("/readyz").status_code == 200
    response = ask(running)
    assert (response.status_code, response.headers["x-tierwatch-cache"]) == (200, "miss")
    assert looks(running) == {"away": 1}


def test_answers_never_change_places_however_often_a_look_is_given_up(own_url: str) -> None:
    chance = random.Random(7)

    async def run() -> tuple[int, int]:
        async with CacheStore(own_url) as store:
            for number in range(40):
                await store.put(f"k{number}", b"%d" % number * 500, ttl_s=60)
            right = given_up = 0

            async def one() -> None:
                nonlocal right, given_up
                number = chance.randrange(40)
                try:
                    value = await store.get(f"k{number}", within_s=chance.uniform(0, 0.02))
                except CacheAbsentError:
                    given_up += 1
                else:
                    assert value == b"%d" % number * 500
                    right += 1
                store.open = True  # this test is about the connections, not about closing

            for _ in range(30):
                await asyncio.gather(*(one() for _ in range(40)))
            return right, given_up

    right, given_up = asyncio.run(run())
    assert right > 100
    assert given_up > 20


def test_a_full_redis_keeps_nothing_and_stays_open(own_url: str) -> None:
    server = redis.Redis.from_url(own_url)
    server.config_set("maxmemory", "1mb")
    try:

        async def run() -> None:
            async with CacheStore(own_url) as store:
                for number in range(5):
                    with pytest.raises(CacheAbsentError, match="failed"):
                        await store.put(f"full{number}", b"x" * 2_000_000, ttl_s=60)
                assert store.open
                assert await store.get("nothing", within_s=1) is None

        asyncio.run(run())
    finally:
        server.config_set("maxmemory", "0")


def test_a_wrong_password_closes_the_store(own_url: str) -> None:
    wrong = own_url.replace("redis://:", "redis://:wrong")

    async def run() -> None:
        async with CacheStore(wrong) as store:
            assert not store.open
            with pytest.raises(CacheAbsentError, match="away"):
                await store.get("k", within_s=1)
            with pytest.raises(CacheAbsentError, match="away"):
                await store.put("k", b"v", ttl_s=1)

    asyncio.run(run())


def test_an_entry_ends(own_url: str) -> None:
    async def run() -> None:
        async with CacheStore(own_url) as store:
            await store.put("short", b"v", ttl_s=0.05)
            assert await store.get("short", within_s=1) == b"v"
            await asyncio.sleep(0.1)
            assert await store.get("short", within_s=1) is None

    asyncio.run(run())
