"""How a worker and the scheduler end: tasks in flight may end, what does not is given back.

Celery's own ordinary stop waits for its tasks without limit, and SIGHUP makes it start anew under
another name. Here the three signals mean the same: take nothing more, let tasks end for a while;
then the claims of what still runs are given back, and all messages that are not done, and the
process ends.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import structlog
from celery import bootsteps
from celery.signals import beat_init, task_postrun, task_prerun
from celery.worker import state

from tierwatch.dispatch import JUDGE, SHADOW
from tierwatch.stop_signals import StopSignals

# A task that is not at work any longer has given its claim back by itself.
_CLAIM_OF: Final = {SHADOW: "shadow", JUDGE: "judge"}
# Without a task at work, Celery's own end is a matter of milliseconds, or hangs at a silent broker.
_IDLE_S: Final = 5.0
# For Postgres and the broker to take back what is given back; a sweep finds what they do not.
_GIVE_BACK_S: Final = 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """A task at work: its name, and the exchange it works on, if it is one of those."""

    name: str
    exchange_id: UUID | None


@dataclass
class AtWork:
    """The tasks at work in this process, by their message's id."""

    _tasks: dict[str, Task] = field(default_factory=dict)

    def begin(self, task_id: str, name: str, args: tuple[Any, ...]) -> None:
        """A task begins."""
        exchange_id = None
        if name in _CLAIM_OF and args:
            with contextlib.suppress(ValueError):  # the task itself says so
                exchange_id = UUID(str(args[0]))
        self._tasks[task_id] = Task(name, exchange_id)

    def end(self, task_id: str) -> None:
        """A task has ended."""
        self._tasks.pop(task_id, None)

    def now(self) -> list[Task]:
        """What is at work."""
        return list(self._tasks.values())


def give_back_claims(tasks: list[Task], give_back: Callable[[UUID, str], None]) -> int:
    """Let other workers have the exchanges of tasks that are left; how many.

    Args:
        tasks: at work, and not waited for any longer.
        give_back: ends the claim on a step of an exchange.
    """
    given = 0
    for task in tasks:
        if task.exchange_id is None:
            continue
        step = _CLAIM_OF[task.name]
        try:
            give_back(task.exchange_id, step)
        except Exception as problem:  # noqa: BLE001 - the claim runs out by itself, the others wait for us
            _log.warning("a claim was not given back", step=step, problem=repr(problem))
            continue
        given += 1
    return given


def give_back_messages(consumer: Any) -> None:
    """Put what was taken from the broker and is not done back into the queue.

    RabbitMQ does so by itself when the connection ends; over Redis it would take an hour.
    """
    channel = getattr(getattr(consumer, "task_consumer", None), "channel", None)
    restore = getattr(getattr(channel, "qos", None), "restore_unacked_once", None)
    if restore is not None:
        restore()


class Ending:
    """Watches over a worker's stop, in a thread of its own.

    Args:
        signals: begin it.
        at_work: what is waited for.
        within_s: for tasks to end.
        give_back: is given the tasks that are left, and says how many claims they had.
        leave: ends the process.
    """

    def __init__(
        self,
        signals: StopSignals,
        at_work: AtWork,
        *,
        within_s: float,
        give_back: Callable[[list[Task]], int],
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        self._signals = signals
        self._at_work = at_work
        self._within_s = within_s
        self._give_back = give_back
        self._leave = leave
        self._thread = threading.Thread(target=self._watch, name="ending", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def _watch(self) -> None:
        while not self._signals.asked:
            self._signals.wait(60)
        began = busy = time.monotonic()
        while not self._signals.hurried:
            now = time.monotonic()
            if self._at_work.now():
                busy = now
            if now - began > self._within_s or now - busy > _IDLE_S:
                break
            self._signals.wait(0.1)
        left = self._at_work.now()
        giving = threading.Thread(target=self._give, args=(left,), daemon=True)
        giving.start()
        giving.join(_GIVE_BACK_S)
        self._leave(0)

    def _give(self, left: list[Task]) -> None:
        given = self._give_back(left)
        if left:
            names = sorted({task.name for task in left})
            _log.warning("tasks are left by the stop", tasks=names, claims_given_back=given)


at_work = AtWork()
signals = StopSignals(also=lambda: setattr(state, "should_stop", 0))


def is_stopping() -> bool:
    """Whether this process was asked to end: a task of minutes then ends at its next item."""
    return signals.asked


def ending_step(ending: Callable[[Any], Ending]) -> type[bootsteps.StartStopStep]:
    """The step of a worker's start that makes the signals ours, after Celery made them its own."""

    class Stops(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
        requires = ("celery.worker.components:Pool",)

        def start(self, parent: Any) -> None:
            signals.__enter__()
            ending(parent).start()

    return Stops


@task_prerun.connect  # type: ignore[untyped-decorator]  # celery has no types
def _begin(task_id: str, task: Any, args: tuple[Any, ...], **_: object) -> None:
    at_work.begin(task_id, task.name, args)


@task_postrun.connect  # type: ignore[untyped-decorator]  # celery has no types
def _end(task_id: str, **_: object) -> None:
    at_work.end(task_id)


def _leave() -> None:
    raise SystemExit


@beat_init.connect  # type: ignore[untyped-decorator]  # celery has no types
def _end_scheduler(**_: object) -> None:
    """The scheduler has nothing in flight: it leaves at once.

    As Celery does it, by an exception out of the handler; one that arrives in a destructor is lost
    there, so that its end is watched as well.
    """
    ending = StopSignals(also=_leave)
    ending.__enter__()
    Ending(ending, AtWork(), within_s=_IDLE_S, give_back=len).start()
