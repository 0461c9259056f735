"""Recipe I1: false alarms and delay of the input alarm.

The recursion runs for all simulated streams at once in numpy. `twin_difference` holds that twin
against `InputDriftMonitor` itself, so what is certified is the installed monitor.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tierwatch.evaluation.alarms.input_drift import InputDriftMonitor
from tierwatch.routing.policy import hashed_share

Floats = NDArray[np.float64]
Beta = tuple[float, float]
LEVEL, MIN_N = 1e7, 500
BEFORE: Beta = (2.5, 1.5)
AFTER: Beta = (1.8, 1.8)
_KEEP = 1 - 1 / np.array([100, 1_000, 4_000])
_CELLS, _PRIOR, _HEADROOM = 10, 5.0, 1e6


@dataclass
class _Streams:
    """Many monitors at once; `update` takes one request of each."""

    runs: int
    bins: int
    n: int = 0
    below: Floats = field(init=False)  # earlier ones in bins under each edge, (runs, bins + 1)
    memories: Floats = field(init=False)  # (3, runs, 10)
    evidence: Floats = field(init=False)  # (3, runs)

    def __post_init__(self) -> None:
        self.below = np.zeros((self.runs, self.bins + 1))
        self.memories = np.zeros((_KEEP.size, self.runs, _CELLS))
        self.evidence = np.zeros((_KEEP.size, self.runs))

    def update(self, confidences: Floats, chance: Floats) -> Floats:
        """The statistic of each run after one more request; arguments of shape (runs,)."""
        each = np.arange(self.runs)
        place = np.minimum((confidences * self.bins).astype(int), self.bins - 1)
        lower = self.below[each, place]
        same = self.below[each, place + 1] - lower
        rank = (lower + chance * (same + 1)) / (self.n + 1)
        self.below[:, 1:] += np.arange(1, self.bins + 1) > place[:, None]
        cell = np.minimum((rank * _CELLS).astype(int), _CELLS - 1)
        if self.n >= MIN_N:
            # The weights of a memory add up to 1 + keep + ... = (1 - keep^n) / (1 - keep).
            total = (1 - _KEEP**self.n) / (1 - _KEEP)
            weights = _PRIOR + self.memories[:, each, cell]
            bet = _CELLS * weights / (_CELLS * _PRIOR + total)[:, None]
            self.evidence = np.minimum((self.evidence + 1) * bet, _HEADROOM * LEVEL)
        self.memories *= _KEEP[:, None, None]
        self.memories[:, each, cell] += 1
        self.n += 1
        return np.asarray(self.evidence.mean(axis=0))


def twin_difference(seed: int, bins: int, requests: int = 4_000) -> float:
    """Largest relative difference between the numpy recursion and the installed monitor.

    Over a stream whose last quarter comes from the changed distribution.
    """
    rng = np.random.default_rng(seed)
    monitor, twin = InputDriftMonitor(LEVEL, bins, seed=3), _Streams(1, bins)
    before = 3 * requests // 4
    stream = np.concatenate([rng.beta(*BEFORE, before), rng.beta(*AFTER, requests - before)])
    worst = 0.0
    for n, confidence in enumerate(stream.tolist()):
        monitor.update(confidence)
        chance = np.array([hashed_share("drift-ties|3", str(n))])
        statistic = float(twin.update(np.array([confidence]), chance)[0])
        if statistic:
            worst = max(worst, abs(monitor.statistic - statistic) / statistic)
    return worst


def highest_statistics(seed: int, *, bins: int, runs: int, requests: int) -> Floats:
    """The highest statistic of each of some null runs; confidences of Beta(2.5, 1.5)."""
    rng = np.random.default_rng([seed, bins])
    twin, highest = _Streams(runs, bins), np.zeros(runs)
    for _ in range(requests):
        statistic = twin.update(rng.beta(*BEFORE, runs), rng.random(runs))
        np.maximum(highest, statistic, out=highest)
    return highest


def delays(seed: int, *, change: int, bins: int, runs: int, after: Beta = AFTER) -> Floats:
    """Requests from the change to the alarm, in the runs that did not alarm before it."""
    rng = np.random.default_rng([seed, change, bins])
    twin, alarm_at = _Streams(runs, bins), np.zeros(runs)
    while not alarm_at.all():
        confidences = rng.beta(*(BEFORE if twin.n < change else after), runs)
        statistic = twin.update(confidences, rng.random(runs))
        alarm_at[(alarm_at == 0) & (statistic >= LEVEL)] = twin.n
    return np.asarray(alarm_at[alarm_at > change] - change)
