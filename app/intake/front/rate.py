"""How much a source may send: so many batches a second, and a second's worth at once."""

import time
from collections.abc import Callable


class Rates:
    """Token buckets, one a source. Used by one event loop.

    Args:
        per_s: batches a second.
        clock: seconds that only grow.
    """

    def __init__(self, per_s: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def takes(self, source: str) -> bool:
        """Whether the source may send another batch now."""
        now = self._clock()
        left, at = self._buckets.get(source, (float(self._per_s), now))
        left = min(float(self._per_s), left + (now - at) * self._per_s)
        if left < 1:
            self._buckets[source] = (left, now)
            return False
        self._buckets[source] = (left - 1, now)
        return True
