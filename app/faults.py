"""What goes wrong behind the requests' back: noted by its kind, logged once a minute, survived.

Each thread, background task and scheduled step of ours runs under `guard`, most by way of `repeat`
or `keep_at`. An exception is never quoted, since its text may hold a prompt: what is logged and
counted is its kind, with SQLSTATE or errno where it has one, and the line of ours it came through.
"""

import asyncio
import contextlib
import errno
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self

import structlog

_log = structlog.get_logger(__name__)

# A cause that goes on is logged this often.
_SAY_EVERY_S: Final = 60.0
# Kinds of exceptions are few; somebody's redactor might make up names, and they label a metric.
_MOST_CAUSES: Final = 200
_LONGEST_CAUSE: Final = 80
_OTHER: Final = "other"


class Faults:
    """Counts faults by what was being done and by cause. Used by every thread at once.

    Args:
        monotonic: seconds that never go back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        # When each was last logged, and how many there were by then.
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def note(self, doing: str, error: BaseException) -> None:
        """Count a fault, and log it unless its like was logged within a minute. Never raises."""
        with contextlib.suppress(Exception):  # the log's own disk may be what is full
            key = (doing, cause_of(error))
            with self._lock:
                if key not in self._counts and len(self._counts) >= _MOST_CAUSES:
                    key = (doing, _OTHER)
                self._counts[key] += 1
                count = self._counts[key]
                last, said = self._said.get(key, (float("-inf"), 0))
                now = self._monotonic()
                if now - last < _SAY_EVERY_S:
                    return
                self._said[key] = (now, count)
            _log.error(
                "a fault was survived", doing=doing, cause=key[1], at=_place(error), n=count - said
            )

    def counts(self) -> dict[tuple[str, str], int]:
        """How often each (what was being done, cause) was noted."""
        with self._lock:
            return dict(self._counts)


# Of this process, as its log is.
FAULTS: Final = Faults()


class guard:  # noqa: N801 - reads as the statement that it is, like `suppress`
    """Whatever is raised inside is noted, and goes no further; an order to end does.

    Orders are the cancellation of the task that runs, and in the main thread SystemExit,
    KeyboardInterrupt and GeneratorExit: in another they would end that thread only, and in silence.

    Attributes:
        cause: the kind of what was raised, as `cause_of` has it; empty when nothing was.
    """

    __slots__ = ("_doing", "_faults", "cause")

    def __init__(self, doing: str, faults: Faults = FAULTS) -> None:
        self._doing = doing
        self._faults = faults
        self.cause = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None or is_order(error):
            return False
        self.cause = cause_of(error)
        self._faults.note(self._doing, error)
        return True


def repeat(
    step: Callable[[], object],
    *,
    every_s: float,
    stop: threading.Event,
    doing: str,
    faults: Faults = FAULTS,
) -> None:
    """Take a step every ``every_s`` seconds until ``stop`` is set, whatever it raises."""
    while not stop.wait(every_s):
        with guard(doing, faults):
            step()


async def keep_at(work: Callable[[], Awaitable[None]], *, doing: str, pause_s: float = 1.0) -> None:
    """Do a work that is not meant to fail; when it does, do it again after a pause."""
    while True:
        with guard(doing):
            await work()
            return
        await asyncio.sleep(pause_s)


def is_order(error: BaseException) -> bool:
    """Whether an exception tells this task or process to end, and must be let through."""
    if isinstance(error, BaseExceptionGroup):
        return any(is_order(one) for one in error.exceptions)
    if isinstance(error, asyncio.CancelledError):
        return _is_cancelled()
    if isinstance(error, (SystemExit, KeyboardInterrupt, GeneratorExit)):
        return threading.current_thread() is threading.main_thread()
    return False


def cause_of(error: BaseException) -> str:
    """The kind of an exception: its class, that of the driver's where there is one, and its code.

    >>> cause_of(OSError(28, "No space left on device", "/prompts/secret"))
    'OSError ENOSPC'
    >>> cause_of(ValueError("a secret"))
    'ValueError'
    """
    original = getattr(error, "orig", None)
    if isinstance(original, BaseException):
        error = original
    words = [type(error).__name__]
    code = sqlstate_of(error)
    if code:
        words.append(code)
    elif isinstance(error, OSError) and error.errno is not None:
        words.append(errno.errorcode.get(error.errno, str(error.errno)))
    return " ".join(words)[:_LONGEST_CAUSE]


def sqlstate_of(error: BaseException) -> str:
    """The SQLSTATE that Postgres gave, also of an exception that wraps the driver's; else empty."""
    for one in (error, getattr(error, "orig", None)):
        code = getattr(one, "sqlstate", None)
        if isinstance(code, str):
            return code
    return ""


def _is_cancelled() -> bool:
    """Whether somebody asked the running task to end, and not only what it waited for."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop runs in this thread
        return False
    return task is not None and task.cancelling() > 0


def _place(error: BaseException) -> str:
    """Module and line of ours that the exception came through last, or of anybody's."""
    ours = others = ""
    trace = error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", "?"))
        place = f"{module}:{trace.tb_lineno}"
        if module.startswith("tierwatch"):
            ours = place
        others = place
        trace = trace.tb_next
    return ours or others
