"""A caller who leaves ends the task that serves it, and nobody else's."""

import asyncio
from typing import Any

import pytest

from tierwatch.gateway.caller import Caller, Waiting


class Connection:
    """The receiving end of a connection that a test closes."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self.asked = 0

    async def receive(self) -> dict[str, Any]:
        self.asked += 1
        await self.closed.wait()
        return {"type": "http.disconnect"}


async def send(message: Any) -> None:
    """Send to nobody."""


def test_a_caller_who_leaves_cancels_the_task() -> None:
    async def serve() -> bool:
        connection = Connection()
        caller = Caller(connection.receive, send)
        caller.watch()
        connection.closed.set()
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            left = caller.left()
        await asyncio.sleep(0)  # the cancellation was taken back: the task goes on
        return left

    assert asyncio.run(serve())


def test_a_cancellation_from_elsewhere_is_not_the_callers() -> None:
    async def serve() -> bool:
        caller = Caller(Connection().receive, send)
        caller.watch()
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            return caller.left()
        finally:
            caller.unwatch()
        return True

    async def stopped() -> bool:
        task = asyncio.create_task(serve())
        await asyncio.sleep(0.01)
        task.cancel()
        return await task

    assert asyncio.run(stopped()) is False


@pytest.mark.parametrize("watched", [False, True])
def test_nobody_is_cancelled_once_the_watch_has_ended(*, watched: bool) -> None:
    async def serve() -> None:
        connection = Connection()
        caller = Caller(connection.receive, send)
        if watched:
            caller.watch()
        caller.unwatch()
        connection.closed.set()
        await asyncio.sleep(0.1)  # twice the time after which a watch begins by itself
        assert not caller.left()

    asyncio.run(serve())


def test_a_reply_that_is_there_at_once_costs_no_watch() -> None:
    async def serve() -> tuple[int, int]:
        connection = Connection()
        caller = Caller(connection.receive, send)
        await asyncio.sleep(0)
        early = connection.asked
        await asyncio.sleep(0.1)
        late = connection.asked
        caller.unwatch()
        return early, late

    assert asyncio.run(serve()) == (0, 1)


def test_watching_twice_asks_once() -> None:
    async def serve() -> int:
        connection = Connection()
        caller = Caller(connection.receive, send)
        caller.watch()
        caller.watch()
        await asyncio.sleep(0.01)
        caller.unwatch()
        return connection.asked

    assert asyncio.run(serve()) == 1


def test_what_is_no_disconnect_is_read_over() -> None:
    async def serve() -> bool:
        messages = [{"type": "http.request"}, {"type": "http.disconnect"}]

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        caller = Caller(receive, send)
        caller.watch()
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            return caller.left()
        return False

    assert asyncio.run(serve())


def test_of_many_who_wait_together_only_the_patient_are_watched() -> None:
    async def serve() -> tuple[list[int], list[int]]:
        waiting = Waiting()
        connections = [Connection() for _ in range(4)]
        callers = [Caller(one.receive, send, waiting) for one in connections]
        for answered in callers[:2]:
            answered.unwatch()
        await asyncio.sleep(0.15)
        later = Caller(connections[0].receive, send, waiting)  # whose timer has ended by now
        first = [one.asked for one in connections]
        await asyncio.sleep(0.15)
        for caller in (*callers, later):
            caller.unwatch()
        return first, [one.asked for one in connections]

    assert asyncio.run(serve()) == ([0, 0, 1, 1], [1, 0, 1, 1])


def test_one_whose_watch_cannot_begin_ends_it_for_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin = Caller.watch

    async def serve() -> list[int]:
        waiting = Waiting()
        connections = [Connection() for _ in range(4)]
        callers = [Caller(one.receive, send, waiting) for one in connections[:3]]

        def watch(caller: Caller) -> None:
            if caller is callers[0]:
                raise MemoryError
            begin(caller)

        monkeypatch.setattr(Caller, "watch", watch)
        await asyncio.sleep(0.15)
        callers.append(Caller(connections[3].receive, send, waiting))
        await asyncio.sleep(0.15)
        for caller in callers:
            caller.unwatch()
        return [one.asked for one in connections]

    assert asyncio.run(serve()) == [0, 1, 1, 1]


def test_those_who_wait_in_another_loop_are_watched_in_theirs() -> None:
    waiting = Waiting()

    async def serve(seconds: float) -> int:
        connection = Connection()
        caller = Caller(connection.receive, send, waiting)
        await asyncio.sleep(seconds)
        caller.unwatch()
        return connection.asked

    assert asyncio.run(serve(0.0)) == 0  # and its loop ends with the timer set
    assert asyncio.run(serve(0.15)) == 1
