"""One after the other: what takes so much memory that a process can do few of it at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tierwatch.errors import BusyError


class Turns:
    """Lets a few through at once, a few wait for a moment, and sends all others away.

    Whoever waits holds a thread that serves nobody meanwhile; so few may.

    Args:
        at_once: how many.
        waiting: how many more may wait.
        wait_s: for how long.
    """

    def __init__(self, *, at_once: int, waiting: int, wait_s: float) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._wait_s = wait_s

    def refuse_if_full(self) -> None:
        """Say at once what `turn` would say; for whoever has work to do before it.

        Raises:
            BusyError: too many wait already.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError
        self._places.release()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and hold it inside.

        Raises:
            BusyError: too many wait already, or it took too long.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError
        try:
            if not self._free.acquire(timeout=self._wait_s):
                raise BusyError
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._places.release()
