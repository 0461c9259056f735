"""Responses that callers go on from: by whose key, how long, how much, and without Redis."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis

from tierwatch.config.gateway import ResponsesConfig
from tierwatch.gateway.memory import kept_responses
from tierwatch.gateway.memory.kept_responses import Kept, KeptResponses

ITEMS = [{"role": "user", "content": "Hi"}, {"type": "message", "role": "assistant"}]
OURS = Kept("", "simple", ITEMS, {"id": "resp_1"}, "s")
THEIRS = Kept("lab", "simple", ITEMS, None, "s")


def section(**fields: Any) -> ResponsesConfig:
    return ResponsesConfig(**fields)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def run(
    act: Callable[[KeptResponses], Awaitable[Any]],
    *,
    url: str | None = None,
    clock: Callable[[], float] = lambda: 0.0,
    **fields: Any,
) -> Any:
    async def opened() -> Any:
        async with KeptResponses(section(**fields), url, clock) as kept:
            return await act(kept)

    return asyncio.run(opened())


def test_a_response_is_found_by_its_callers_key_and_no_other() -> None:
    async def act(kept: KeptResponses) -> list[Kept | None]:
        assert kept.keep(b"mine", "resp_1", OURS)
        assert kept.keep(b"mine", "resp_2", THEIRS)
        asked = [(b"mine", "resp_1"), (b"mine", "resp_2"), (b"yours", "resp_1"), (b"", "resp_1")]
        return [await kept.find(*one) for one in asked]

    assert run(act) == [OURS, THEIRS, None, None]


def test_what_is_forgotten_is_gone() -> None:
    async def act(kept: KeptResponses) -> Kept | None:
        kept.keep(b"k", "resp_1", OURS)
        await kept.drop(b"k", "resp_1")
        await kept.drop(b"k", "never")
        return await kept.find(b"k", "resp_1")

    assert run(act) is None


def test_a_response_ends() -> None:
    clock = Clock()

    async def act(kept: KeptResponses) -> list[bool]:
        kept.keep(b"k", "resp_1", OURS)
        found = []
        for later in (59.0, 61.0):
            clock.now = 1000.0 + later
            found.append(await kept.find(b"k", "resp_1") is not None)
        return found

    assert run(act, clock=clock, ttl_s=60.0) == [True, False]


@pytest.mark.parametrize(("fields", "kept"), [({"keep": False}, False), ({"max_kb": 1}, False)])
def test_nothing_is_kept_that_should_not_be(fields: dict[str, Any], kept: bool) -> None:  # noqa: FBT001 - a table
    async def act(responses: KeptResponses) -> tuple[bool, Kept | None]:
        long = OURS._replace(items=[{"role": "user", "content": "x" * 2000}])
        done = responses.keep(b"k", "resp_1", long)
        return done, await responses.find(b"k", "resp_1")

    assert run(act, **fields) == (kept, None)


def test_a_process_remembers_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_responses, "_MOST_LOCAL_BYTES", 400)

    async def act(kept: KeptResponses) -> list[bool]:
        for number in range(5):
            kept.keep(b"k", f"resp_{number}", OURS)
        kept.keep(b"k", "resp_4", OURS)  # once more: counted once
        return [await kept.find(b"k", f"resp_{number}") is not None for number in range(5)]

    found = run(act)
    assert found[-1]
    assert not found[0]
    assert found == sorted(found)


async def found_by(kept: KeptResponses, response_id: str) -> Kept | None:
    """What another process finds in the end: on a busy machine its look may take too long."""
    for _ in range(50):
        if found := await kept.find(b"k", response_id):
            return found
    return None


def test_gateways_share_them_in_redis(redis_url: str) -> None:
    async def act(one: KeptResponses) -> list[Kept | None]:
        async with KeptResponses(section(ttl_s=60.0), redis_url, lambda: 0.0) as other:
            one.keep(b"k", "resp_shared", THEIRS)
            found = [await found_by(other, "resp_shared")]
            await other.drop(b"k", "resp_shared")
            async with KeptResponses(section(), redis_url, lambda: 0.0) as third:
                return [*found, await third.find(b"k", "resp_shared")]

    assert run(act, url=redis_url) == [THEIRS, None]


def test_what_one_process_forgets_no_other_remembers(redis_url: str) -> None:
    async def act(one: KeptResponses) -> tuple[bool, Kept | None, Kept | None]:
        async with KeptResponses(section(ttl_s=60.0), redis_url, lambda: 0.0) as other:
            one.keep(b"k", "resp_elsewhere", OURS)
            before = await other.find(b"k", "resp_elsewhere")
            gone = await other.drop(b"k", "resp_elsewhere")
            return gone, before, await one.find(b"k", "resp_elsewhere")

    assert run(act, url=redis_url, ttl_s=60.0) == (True, OURS, None)


def test_a_response_that_is_being_written_is_forgotten_too(redis_url: str) -> None:
    async def act(kept: KeptResponses) -> Kept | None:
        kept.keep(b"k", "resp_quick", OURS)
        assert await kept.drop(b"k", "resp_quick")
        return await kept.find(b"k", "resp_quick")

    assert run(act, url=redis_url, ttl_s=60.0) is None


def test_what_may_be_found_elsewhere_is_not_said_to_be_gone() -> None:
    async def act(kept: KeptResponses) -> bool:
        kept.keep(b"k", "resp_1", OURS)
        return await kept.drop(b"k", "resp_1")

    assert run(act, url="redis://127.0.0.1:9/0") is False


def test_redis_holds_digests_for_names_and_an_end_for_each(redis_url: str) -> None:
    async def act(kept: KeptResponses) -> None:
        kept.keep(b"secret-key", "resp_named", OURS)

    run(act, url=redis_url, ttl_s=60.0)
    with redis.Redis.from_url(redis_url) as client:
        names = [name for name in client.keys("tierwatch:response:*")]  # noqa: C416 - its type is wide
        assert names
        assert all(b"secret" not in name and b"resp_named" not in name for name in names)
        assert all(0 < client.ttl(name) <= 86_400 for name in names)


def test_what_is_in_redis_and_is_none_of_ours_is_not_found(redis_url: str) -> None:
    name = kept_responses._name(b"k", "resp_odd")

    async def act(kept: KeptResponses) -> Kept | None:
        return await kept.find(b"k", "resp_odd")

    with redis.Redis.from_url(redis_url) as client:
        for value in (b"{", b"[]", b'[0,"","",[],null]', b'[1,"","",7,null]', b'"x"'):
            client.set(name, value, ex=60)
            assert run(act, url=redis_url) is None


def test_without_redis_a_process_knows_its_own() -> None:
    async def act(kept: KeptResponses) -> Kept | None:
        kept.keep(b"k", "resp_1", OURS)
        return await kept.find(b"k", "resp_1")

    assert run(act, url="redis://127.0.0.1:9/0") == OURS
