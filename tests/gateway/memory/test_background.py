"""Tasks behind the requests' back end when they are asked to, a deaf one when asked again."""

import asyncio
import time

import pytest

from tierwatch.gateway.memory import background


async def _deaf(times: int) -> None:
    """Take that many cancellations for something else."""
    for _ in range(times):
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            continue
    await asyncio.sleep(3_600)


@pytest.mark.parametrize("times", [0, 1, 3])
def test_a_task_that_swallows_cancellations_is_asked_again(
    times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "_AGAIN_S", 0.01)

    async def story() -> bool:
        task = asyncio.create_task(_deaf(times))
        await asyncio.sleep(0)
        await asyncio.wait_for(background.end([task]), 10)
        return task.cancelled()

    assert asyncio.run(story())


def test_what_a_task_raises_is_not_asked_for() -> None:
    async def broken() -> None:
        raise ValueError("went wrong before anybody stopped it")

    async def story() -> None:
        task = asyncio.create_task(broken())
        await asyncio.sleep(0)
        await background.end([task])

    asyncio.run(story())


def test_nothing_to_end_takes_no_time() -> None:
    began = time.perf_counter()
    asyncio.run(background.end([]))
    assert time.perf_counter() - began < background._AGAIN_S
