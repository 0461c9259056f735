"""Slows down whoever guesses passwords."""

import threading
from collections import OrderedDict
from collections.abc import Callable

# Five slips are human; after them the same name from the same address waits for the oldest to age.
FAILURES = 5
WINDOW_S = 300.0
# Names are the caller's choice, so their number is not ours: forget the longest-untouched.
_KEYS = 10_000


class Throttle:
    """Failed logins per name and address, in this process's memory.

    A restart forgets them; argon2's 60 ms a guess is the second line.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, name: str, address: str) -> float:
        """Seconds until this name may try again from this address; 0 when it may now."""
        with self._lock:
            recent = self._recent((name, address))
            return 0.0 if len(recent) < FAILURES else recent[0] + WINDOW_S - self._clock()

    def failed(self, name: str, address: str) -> None:
        """Count a wrong password."""
        key = (name, address)
        with self._lock:
            self._failures[key] = [*self._recent(key), self._clock()][-FAILURES:]
            self._failures.move_to_end(key)
            while len(self._failures) > _KEYS:
                self._failures.popitem(last=False)

    def passed(self, name: str, address: str) -> None:
        """Forget the failures of whoever knew the password."""
        with self._lock:
            self._failures.pop((name, address), None)

    def _recent(self, key: tuple[str, str]) -> list[float]:
        since = self._clock() - WINDOW_S
        return [at for at in self._failures.get(key, []) if at > since]
