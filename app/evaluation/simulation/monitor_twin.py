"""Many misroute monitors at once, in numpy, for simulations of them."""

import numpy as np
from numpy.typing import NDArray

from tierwatch.evaluation.alarms.misroute_monitor import bets_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.int64]
# The state is held here in the long runs after an alarm; 1e6 times the level, as in the monitor.
_HEADROOM = 1e6


class MonitorTwin:
    """`MisrouteMonitor`'s recursion for many streams at once.

    Tests hold it against the monitor itself, so that what is simulated is what is installed.

    Attributes:
        alarmed: which streams have alarmed at some time; shape (streams,).

    Args:
        tolerance: of each stream.
        streams: how many.
        level: evidence at which to alarm.
        reach: the largest total weight of an observation, which the bets are set for at once.
    """

    __slots__ = ("_bets", "_evidence", "_level", "alarmed")

    def __init__(
        self, tolerance: float, streams: int, level: float = 1e7, reach: float = 1.0
    ) -> None:
        self._bets = np.array(bets_of(tolerance, reach))
        self._evidence = np.zeros((streams, self._bets.size))
        self._level = level
        self.alarmed = np.zeros(streams, dtype=np.bool_)

    @property
    def statistic(self) -> Floats:
        """Of each stream; shape (streams,)."""
        return np.asarray(self._evidence.mean(axis=1))

    def restart(self, streams: Bools) -> None:
        """Start some of the streams anew; shape (streams,)."""
        self._evidence[streams] = 0.0

    def update(self, surplus: Floats) -> Bools:
        """Take one observation of each stream, as ``w * (x - tolerance)``; which are in alarm."""
        grown = (self._evidence + 1) * (1 + surplus[:, None] * self._bets)
        self._evidence = np.minimum(grown, self._level * _HEADROOM)
        over = np.asarray(self.statistic >= self._level)
        self.alarmed |= over
        return over

    def statistic_at(self, streams: Indices) -> Floats:
        """Of these streams; shape (n,)."""
        return np.asarray(self._evidence[streams].mean(axis=1))

    def update_at(self, streams: Indices, surplus: Floats) -> Bools:
        """Take one observation of each of these streams, named once; which of them are in alarm."""
        grown = (self._evidence[streams] + 1) * (1 + surplus[:, None] * self._bets)
        self._evidence[streams] = np.minimum(grown, self._level * _HEADROOM)
        over = np.asarray(grown.mean(axis=1) >= self._level)
        self.alarmed[streams] |= over
        return over
