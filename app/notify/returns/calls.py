"""Calls: those that something has followed from, so that a replay is refused."""

import threading
from collections import OrderedDict
from typing import Final

_REMEMBERED: Final = 10_000


class Calls:
    """The calls that something has followed from, the latest ones: a replay is not one more.

    An alert only moves on, so that a replay at another process does nothing either.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def add(self, call: str) -> None:
        """Remember a call."""
        with self._lock:
            self._seen[call] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)

    def __contains__(self, call: str) -> bool:
        with self._lock:
            return call in self._seen
