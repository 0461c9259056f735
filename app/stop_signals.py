"""The signals that ask a process to end: the first to finish what it began, the second to hurry.

SIGINT, SIGTERM and SIGHUP mean the same here. `StopSignals` only counts them, so that whatever
serves can end in its own order; `LastResort` ends a process whose order of ending hangs somewhere.
"""

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Self

import structlog

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_log = structlog.get_logger(__name__)


class StopSignals:
    """Counts the signals that ask this process to end. Enter it in the main thread.

    A handler counts and writes a byte into a pipe, nothing else: it may interrupt anything, a lock
    that is held included.

    Args:
        numbers: of the signals.
        also: called by the handler, and bound by the same rule; may raise, into whatever runs.
    """

    def __init__(
        self,
        *,
        numbers: Sequence[signal.Signals] = STOP_SIGNALS,
        also: Callable[[], object] = lambda: None,
    ) -> None:
        self._numbers = numbers
        self._also = also
        self._count = 0
        self._reader = self._writer = -1
        self._before: dict[signal.Signals, Any] = {}

    @property
    def asked(self) -> bool:
        """Whether the process was asked to end."""
        return self._count > 0

    @property
    def hurried(self) -> bool:
        """Whether it was asked again."""
        return self._count > 1

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._before = {number: signal.signal(number, self._note) for number in self._numbers}
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        # The pipe stays open for who waits in another thread; a process has few of them.

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._count += 1
        self.wake()
        self._also()

    def wake(self) -> None:
        """Let who waits return, though there was no signal."""
        with contextlib.suppress(OSError):  # full: whoever reads it has been woken long ago
            os.write(self._writer, b".")

    def wait(self, timeout_s: float) -> None:
        """Return at the next signal, or after this time. For one thread."""
        if select.select([self._reader], [], [], timeout_s)[0]:
            with contextlib.suppress(OSError):
                os.read(self._reader, 4096)


class LastResort:
    """Ends the process when its ordinary stop takes too long: some step of it hangs.

    Args:
        signals: that begin a stop.
        within_s: from the first of them.
        hurried_s: from the second of them.
        rescue: saves what must not be lost; called in a thread of this class, at most once, and
            leave: takes the exit code; as it is, neither threads nor handlers get another word.
    """

    def __init__(
        self,
        signals: StopSignals,
        *,
        within_s: float,
        hurried_s: float,
        rescue: Callable[[], None],
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        self._signals = signals
        self._within_s = within_s
        self._hurried_s = hurried_s
        self._rescue = rescue
        self._leave = leave
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="last-resort", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """What had to be saved is saved. A stop goes on being watched until the process is gone."""
        self._ended.set()
        if not self._signals.asked:
            self._signals.wake()
            self._thread.join()

    def _watch(self) -> None:
        while not self._signals.asked:
            if self._ended.is_set():
                return
            self._signals.wait(60)
        began = time.monotonic()
        deadline = began + self._within_s
        while not self._signals.hurried and (left := deadline - time.monotonic()) > 0:
            self._signals.wait(left)
        if self._signals.hurried:
            deadline = min(deadline, time.monotonic() + self._hurried_s)
        time.sleep(max(0.0, deadline - time.monotonic()))
        _log.error("the stop hangs; ended by force", after_s=round(time.monotonic() - began, 1))
        if not self._ended.is_set():
            self._save()
        self._leave(1)

    def _save(self) -> None:
        """Call the rescue, for as long as it may take and no longer."""
        saving = threading.Thread(target=self._rescue, name="rescue", daemon=True)
        saving.start()
        saving.join(self._hurried_s)
