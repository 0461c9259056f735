"""Questions that the fake vendor answers together or not at all."""

import asyncio

import pytest
from fakes.vendor.refusals import RefusedError
from fakes.vendor.together import Together


def test_nobody_is_let_go_before_all_are_there() -> None:
    async def come() -> None:
        together = Together()
        waiting = [asyncio.create_task(together.join("3 a")) for _ in range(2)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert not any(one.done() for one in waiting)
        await together.join("3 a")
        await asyncio.gather(*waiting)
        await together.join("3 a")  # who comes later waits for nobody

    asyncio.run(come())


def test_who_waits_for_too_many_is_told_how_many_came() -> None:
    with pytest.raises(RefusedError, match="Only 1 of 2"):
        asyncio.run(Together(limit_s=0.01).join("2 b"))
