"""A fault is counted, logged once a minute without its text, and ends nothing; an order ends it."""

import asyncio
import contextlib
import threading
import time
from typing import Any

import psycopg.errors
import pytest
import structlog
from sqlalchemy.exc import InternalError

from tierwatch.faults import Faults, cause_of, guard, is_order, keep_at, repeat, sqlstate_of


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(faults: Faults, times: int = 1, doing: str = "test: fail") -> None:
    for _ in range(times):
        with guard(doing, faults):
            raise ValueError("the prompt was: a secret")


def test_a_cause_is_logged_once_a_minute_with_how_often_it_came() -> None:
    clock = Clock()
    faults = Faults(clock)
    with structlog.testing.capture_logs() as logs:
        fail(faults, 5)
        clock.now = 59.9
        fail(faults)
        clock.now = 60.0
        fail(faults)
        fail(faults, doing="test: other")
    assert [(line["doing"], line["n"]) for line in logs] == [
        ("test: fail", 1),
        ("test: fail", 6),
        ("test: other", 1),
    ]
    assert faults.counts() == {
        ("test: fail", "ValueError"): 7,
        ("test: other", "ValueError"): 1,
    }


def test_what_is_logged_is_the_kind_and_the_place_and_no_text() -> None:
    with structlog.testing.capture_logs() as logs:
        fail(Faults())
    assert "secret" not in str(logs)
    assert logs[0]["cause"] == "ValueError"
    place, line = logs[0]["at"].split(":")
    assert place.endswith("test_faults")
    assert line.isdecimal()


def test_a_log_that_cannot_be_written_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tierwatch.faults._log.error", full, raising=False)
    faults = Faults()
    fail(faults)
    assert faults.counts() == {("test: fail", "ValueError"): 1}


def test_causes_made_up_by_somebody_do_not_fill_the_metrics() -> None:
    faults = Faults()
    for number in range(1_000):
        faults.note("test: redact", type(f"Made{number}", (Exception,), {})())
    counted = faults.counts()
    assert len(counted) <= 201
    assert counted["test: redact", "other"] == 800
    assert sum(counted.values()) == 1_000


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ValueError("a secret"), "ValueError"),
        (FileNotFoundError(2, "No such file"), "FileNotFoundError ENOENT"),
        (OSError("without a number"), "OSError"),
        (OSError(99_999, "an unknown one"), "OSError 99999"),
        (psycopg.errors.UndefinedTable(), "UndefinedTable 42P01"),
        (
            InternalError("select a secret", {}, psycopg.errors.ReadOnlySqlTransaction()),
            "ReadOnlySqlTransaction 25006",
        ),
        (type("N" * 500, (Exception,), {})(), "N" * 80),
    ],
)
def test_causes_are_kinds(error: BaseException, cause: str) -> None:
    assert cause_of(error) == cause


def test_an_exception_without_a_code_has_none() -> None:
    assert sqlstate_of(ValueError()) == ""
    assert sqlstate_of(psycopg.OperationalError("refused")) == ""


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_an_order_to_end_passes_in_the_main_thread_and_in_no_other(
    kind: type[BaseException],
) -> None:
    with pytest.raises(kind), guard("test", Faults()):
        raise kind
    faults = Faults()

    def run() -> None:
        with guard("test", faults):
            raise kind

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert faults.counts() == {("test", kind.__name__): 1}


def test_a_group_is_an_order_when_one_of_it_is() -> None:
    assert is_order(BaseExceptionGroup("", [ValueError(), SystemExit()]))
    assert not is_order(ExceptionGroup("", [ValueError(), OSError()]))


def test_the_guard_says_what_was_raised() -> None:
    with guard("test", Faults()) as fine:
        pass
    assert fine.cause == ""
    with guard("test", Faults()) as failed:
        raise OSError(28, "full")
    assert failed.cause == "OSError ENOSPC"


def test_steps_are_repeated_whatever_they_raise_until_told_to_stop() -> None:
    stop, steps, faults = threading.Event(), [], Faults()

    def step() -> None:
        steps.append(1)
        if len(steps) == 5:
            stop.set()
        raise SystemExit

    thread = threading.Thread(
        target=repeat,
        args=(step,),
        kwargs={"every_s": 0.001, "stop": stop, "doing": "test", "faults": faults},
    )
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert faults.counts() == {("test", "SystemExit"): 5}


def test_a_background_task_goes_on_after_a_fault_and_ends_when_it_is_cancelled() -> None:
    began: list[float] = []

    async def main() -> None:
        third = asyncio.Event()

        async def work() -> None:
            began.append(time.monotonic())
            if len(began) < 3:
                raise RuntimeError
            third.set()
            await asyncio.sleep(60)

        task = asyncio.create_task(keep_at(work, doing="test", pause_s=0.01))
        await third.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(main())
    assert began[2] - began[0] >= 0.02


def test_a_work_that_ends_is_not_begun_again() -> None:
    began: list[int] = []

    async def work() -> None:
        began.append(1)

    asyncio.run(keep_at(work, doing="test"))
    assert began == [1]


def test_what_a_task_waited_for_being_cancelled_is_no_order_to_the_task() -> None:
    """A library that cancels its own future must not end a task of ours in silence."""
    faults = Faults()

    async def main() -> None:
        inner: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(inner.cancel)
        with guard("test", faults):
            await inner

    asyncio.run(main())
    assert faults.counts() == {("test", "CancelledError"): 1}


def test_a_time_out_around_a_guard_still_ends_it() -> None:
    faults = Faults()

    async def main() -> None:
        async with asyncio.timeout(0.01):
            with guard("test", faults):
                await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    assert faults.counts() == {}


def test_threads_count_together() -> None:
    faults = Faults()
    threads = [threading.Thread(target=fail, args=(faults, 200)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults.counts() == {("test: fail", "ValueError"): 1_600}
