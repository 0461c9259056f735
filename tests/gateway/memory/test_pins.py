"""Pins in a real Redis: shared, slow, stopped, dead, full, and filled with nonsense."""

import asyncio
import os
import signal
import socket
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import SettingsError
from tierwatch.gateway.memory import pins as module
from tierwatch.gateway.memory.pin_keys import pin_key
from tierwatch.gateway.memory.pins import BUDGET_S, Pins
from tierwatch.local import Stack
from tierwatch.routing.stickiness import Pin

# What a loaded machine may add to the budget before the event loop comes round again.
SLACK_S = 0.1
PIN = Pin("complex", "large-1", "lab", 0.0, 1_200, 80, 3, "large-1-eu")
KEY = pin_key(b"tenant", "session", "one")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Redis that may be stopped."""
    folder = tmp_path_factory.mktemp("own")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TIERWATCH_")}
    with Stack(folder, say=lambda _: None, environ=clean) as running:
        yield running
        running.discard()


@pytest.fixture(scope="module")
def address(own: Stack) -> str:
    return own.start_redis()


@pytest.fixture
def url(address: str) -> str:
    with redis.Redis.from_url(address) as client:
        client.flushdb()
    return address


@contextmanager
def paused(own: Stack) -> Iterator[None]:
    pid = own.pid("redis")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def pin(**changes: Any) -> Pin:
    values = {name: getattr(PIN, name) for name in PIN.__slots__}
    return Pin(**(values | {"seen_at": time.time()} | changes))


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


def build(url: str | None, answers: Counter[str] | None = None, **changes: Any) -> Pins:
    counted: Counter[str] = Counter() if answers is None else answers

    def count(answer: str) -> None:
        counted[answer] += 1

    options: dict[str, Any] = {"idle_s": 60.0, "clock": time.time, "count": count}
    return Pins(url, **(options | changes))


async def shared(pins: Pins, answers: Counter[str]) -> None:
    """Wait until looks are answered by Redis."""

    async def answered() -> bool:
        before = answers["shared"]
        await pins.find([KEY])
        return answers["shared"] > before

    await until(answered)


def test_without_redis_a_gateway_knows_what_it_served_itself() -> None:
    async def story() -> None:
        answers: Counter[str] = Counter()
        async with build(None, answers) as pins:
            assert await pins.find([KEY]) == [None]
            kept = pin()
            pins.keep(KEY, kept)
            assert await pins.find([KEY, pin_key(b"tenant", "session", "two")]) == [kept, None]
            assert answers == {"alone": 2}

    asyncio.run(story())


def test_memory_is_bounded_and_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_LOCAL", 3)

    async def story() -> None:
        pins = build(None)
        for name in "abcad":  # a is used again, so b is the oldest
            pins.keep(name, pin())
        found = await pins.find(list("abcd"))
        assert [one is not None for one in found] == [True, False, True, True]

    asyncio.run(story())


def test_two_gateways_share_a_pin(url: str) -> None:
    async def story() -> None:
        seen: Counter[str] = Counter()
        async with build(url, seen) as here, build(url, seen) as there:
            await shared(here, seen)
            await shared(there, seen)
            first = pin()
            here.keep(KEY, first)

            async def arrived() -> bool:
                return await there.find([KEY]) == [first]

            await until(arrived)
            # The newer one counts wherever it is known.
            second = pin(tier="simple", seen_at=first.seen_at + 1)
            there.keep(KEY, second)
            assert await there.find([KEY]) == [second]

            async def gone_round() -> bool:
                return await here.find([KEY]) == [second]

            await until(gone_round)

    asyncio.run(story())


def test_a_pin_outlives_its_gateway_and_ends_by_itself(url: str) -> None:
    async def story() -> None:
        seen: Counter[str] = Counter()
        async with build(url, seen, idle_s=1.5) as pins:
            await shared(pins, seen)
            kept = pin()
            pins.keep(KEY, kept)  # and stop at once: what waits is sent on the way out
        async with build(url, seen) as pins:
            await shared(pins, seen)
            assert await pins.find([KEY]) == [kept]
            await asyncio.sleep(1.6)
            assert await pins.find([KEY]) == [None]

    asyncio.run(story())


def test_lookups_that_arrive_together_share_a_round_trip(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 300 at once on a busy machine may take longer than a request waits; the budget has its tests.
    monkeypatch.setattr("tierwatch.gateway.memory.pins.BUDGET_S", 5.0)

    async def story() -> int:
        seen: Counter[str] = Counter()
        async with build(url, seen) as pins:
            await shared(pins, seen)
            keys = [pin_key(b"t", "session", str(number)) for number in range(300)]
            for number, key in enumerate(keys):
                pins.keep(key, pin(turns=number))
            with redis.Redis.from_url(url) as client:
                await until(lambda: _present(client, keys))
                before = client.info("commandstats")["cmdstat_mget"]["calls"]
                pins._local.clear()  # what is found now came from Redis
                found = await asyncio.gather(*(pins.find([key]) for key in keys))
                after = client.info("commandstats")["cmdstat_mget"]["calls"]
            assert [one.turns for (one,) in found if one is not None] == list(range(300))
            return after - before

    assert asyncio.run(story()) <= 3


async def _present(client: Any, keys: list[str]) -> bool:
    return client.exists(*keys) == len(keys)


def test_a_stopped_redis_costs_the_budget_a_few_times_and_then_nothing(
    own: Stack, url: str
) -> None:
    async def story() -> None:
        seen: Counter[str] = Counter()
        async with build(url, seen) as pins:
            await shared(pins, seen)
            mine = pin()
            pins.keep(KEY, mine)
            await asyncio.sleep(0.1)
            seen.clear()
            with paused(own):
                took = []
                for _ in range(200):
                    began = time.perf_counter()
                    assert await pins.find([KEY]) == [mine]  # what this gateway knows
                    took.append(time.perf_counter() - began)
                assert max(took) < BUDGET_S + SLACK_S
                assert sum(one > BUDGET_S / 2 for one in took) <= 3
                assert statistics.median(took) < 0.001
                assert (seen["late"], seen["alone"]) == (3, 197)
                later = pin(tier="simple")
                pins.keep(KEY, later)
                await asyncio.sleep(2.5)  # our own tries meanwhile fail, and no request waits
                began = time.perf_counter()
                assert await pins.find([KEY]) == [later]
                assert time.perf_counter() - began < 0.01
            await shared(pins, seen)
            # What was kept meanwhile reaches the others once Redis is back.
            async with build(url, seen) as other:
                await shared(other, seen)

                async def arrived() -> bool:
                    return await other.find([KEY]) == [later]

                await until(arrived)

    asyncio.run(story())


def test_a_hundred_looks_at_once_wait_for_a_stopped_redis_together(own: Stack, url: str) -> None:
    async def story() -> float:
        seen: Counter[str] = Counter()
        async with build(url, seen) as pins:
            await shared(pins, seen)
            with paused(own):
                began = time.perf_counter()
                await asyncio.gather(*(pins.find([KEY]) for _ in range(100)))
                return time.perf_counter() - began

    assert asyncio.run(story()) < BUDGET_S + SLACK_S


@pytest.mark.parametrize("answers", [False, True])
def test_a_redis_that_is_not_there_costs_nothing(*, answers: bool) -> None:
    """Nobody listens, or somebody does and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if answers:
            listener.listen(1)
        address = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"

        async def story() -> list[float]:
            took = []
            async with build(address) as pins:
                for _ in range(50):
                    began = time.perf_counter()
                    pins.keep(KEY, pin())
                    assert (await pins.find([KEY]))[0] is not None
                    took.append(time.perf_counter() - began)
                    await asyncio.sleep(0.01)
            return took

        assert max(asyncio.run(story())) < 0.01


def test_writes_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_WRITES", 10)
    pins = build("redis://127.0.0.1:1/0")
    for number in range(100):
        pins.keep(str(number), pin())
    assert list(pins._writes) == [str(number) for number in range(90, 100)]


def test_a_pin_that_waited_long_does_not_overwrite_what_others_wrote_since(url: str) -> None:
    async def story() -> None:
        seen: Counter[str] = Counter()
        now = [time.time()]
        async with build(url, seen, clock=lambda: now[0]) as pins:
            await shared(pins, seen)
            pins.keep(KEY, pin())
            now[0] += 30
            pins.keep("marker", pin(seen_at=now[0] - 60))  # how old a pin is does not matter
            with redis.Redis.from_url(url) as client:
                await until(lambda: _present(client, ["marker"]))
                assert not client.exists(KEY)

    asyncio.run(story())


def test_a_redis_that_refuses_writes_still_answers_looks(url: str) -> None:
    async def story() -> None:
        seen: Counter[str] = Counter()
        with redis.Redis.from_url(url) as client:
            async with build(url, seen) as pins:
                await shared(pins, seen)
                client.config_set("maxmemory", "1")
                try:
                    pins.keep(KEY, pin())
                    await asyncio.sleep(0.3)
                    assert not client.exists(KEY)
                    before = seen["shared"]
                    await pins.find([KEY])
                    assert seen["shared"] == before + 1
                    assert not pins._writes
                finally:
                    client.config_set("maxmemory", "0")

    asyncio.run(story())


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"\xff\xfe",
        b"{}",
        b"null",
        b"[]",
        b'[3,"complex","large-1","lab",5.0,1,2]',
        b'[2,"complex","large-1","lab",5.0,1,2,3,""]',
        b'[3,"complex",7,"lab",5.0,1,2,3,""]',
        b'[3,"complex","large-1","lab","now",1,2,3,""]',
        b'[3,"complex","large-1","lab",5.0,-1,2,3,""]',
        b'[3,"complex","large-1","lab",5.0,true,2,3,""]',
        b'[3,"complex","large-1","lab",5.0,1,2,3,null]',
        b"a" * 100_000,
    ],
)
def test_what_no_gateway_wrote_is_no_pin(url: str, nonsense: bytes) -> None:
    async def story() -> None:
        seen: Counter[str] = Counter()
        with redis.Redis.from_url(url) as client:
            client.set(KEY, nonsense)
        async with build(url, seen) as pins:
            await shared(pins, seen)
            assert await pins.find([KEY]) == [None]

    asyncio.run(story())


def test_a_key_of_another_type_is_no_pin(url: str) -> None:
    async def story() -> None:
        seen: Counter[str] = Counter()
        with redis.Redis.from_url(url) as client:
            client.lpush(KEY, "x")
        async with build(url, seen) as pins:
            await shared(pins, seen)
            assert await pins.find([KEY]) == [None]

    asyncio.run(story())


def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(SettingsError, match=r"TIERWATCH_REDIS_URL.*accepted: redis://"):
        build("http://example.com")


@given(st.binary(max_size=40), st.lists(st.text(max_size=20), max_size=3), st.data())
def test_keys_differ_when_anything_differs(tenant: bytes, parts: list[str], data: Any) -> None:
    other = data.draw(st.tuples(st.binary(max_size=40), st.lists(st.text(max_size=20), max_size=3)))
    same = other == (tenant, parts)
    assert (pin_key(tenant, *parts) == pin_key(other[0], *other[1])) is same


def test_a_key_names_neither_session_nor_tenant() -> None:
    key = pin_key(b"secret-key", "session", "alice@example.com")
    assert "alice" not in key
    assert "secret" not in key
    assert len(pin_key(b"t", "x" * 10_000_000)) == len(key)
    assert pin_key(b"t", "\ud800") != pin_key(b"t", "\ud801")


def test_requests_do_not_notice_a_stopped_redis(
    own: Stack, url: str, start_gateway: Any, openai_provider: Any
) -> None:
    gateway = start_gateway(openai_provider, redis_url=url)

    def ask() -> float:
        body = {"model": "auto", "messages": [{"role": "user", "content": "Hello, and so on?"}]}
        headers = {"x-session-id": "one"}
        response = gateway.client.post("/v1/chat/completions", json=body, headers=headers)
        assert response.status_code == 200
        return float(response.headers["x-tierwatch-overhead-ms"]) / 1000

    def shared_looks() -> bool:
        ask()
        return 'pin_looks_total{answer="shared"}' in gateway.client.get("/metrics").text

    deadline = time.monotonic() + 10
    while not shared_looks():
        assert time.monotonic() < deadline
    with paused(own):
        overheads = [ask() for _ in range(50)]
    assert max(overheads) < BUDGET_S + SLACK_S
    assert sum(one > BUDGET_S / 2 for one in overheads) <= 5
    assert statistics.median(overheads) < BUDGET_S / 2
