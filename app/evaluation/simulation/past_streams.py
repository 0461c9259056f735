"""Recipes W1 to W3: false alarms, delay and slow drift of the alarm against the past.

One boundary, one stratum, single pairs: the recursion runs for all streams at once in numpy, and
`twin_difference` holds it against `PastMonitor` itself.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tierwatch.evaluation.alarms.past_monitor import ODDS, Heard, PastMonitor
from tierwatch.evaluation.alarms.past_ranks import CALIBRATION
from tierwatch.evaluation.alarms.sign_patterns import sign_patterns
from tierwatch.routing.policy import hashed_share

Floats = NDArray[np.float64]
LEVEL = 2e7
_ODDS = np.array(ODDS)
# The evidence is held here after an alarm, as in the monitor: a million times the level.
_HEADROOM = 1e6
# Rates of W1, in turn: what is promised must not depend on it.
RATES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
# W2: rates before and after, pairs of past, and the most pairs that the mean delay may be.
DELAYS = (
    (0.17, 0.375, 2_000, 240.0),
    (0.17, 0.375, 10_000, 195.0),
    (0.76, 0.955, 2_000, 180.0),
    (0.05, 0.15, 10_000, 390.0),
)


def false_alarms(seed: int, *, runs: int, pairs: int) -> int:
    """W1: streams whose rate, .05 to .95, never changes, that alarm within so many pairs."""
    rates = np.resize(np.array(RATES), runs)
    return int((_first_alarms(seed, lambda _: rates, runs=runs, pairs=pairs) > 0).sum())


def delays(seed: int, *, before: float, after: float, past: int, runs: int) -> Floats:
    """W2: pairs from a jump after ``past`` pairs to the alarm, of runs without one before.

    A run that has not alarmed 10,000 pairs after the jump counts as 10,000.
    """
    most = past + 10_000

    def rate(n: int) -> Floats:
        return np.full(runs, before if n < past else after)

    found = _first_alarms(seed, rate, runs=runs, pairs=most, enough=past)
    found = np.where(found == 0, most, found)
    return np.asarray(found[found > past] - past, dtype=np.float64)


def drifting_alarms(seed: int, *, wave: float, trend: float, runs: int, pairs: int) -> int:
    """W3: streams around .2 that alarm although nothing jumps.

    Args:
        seed: of the draws.
        wave: height of a wave with a period of 500 pairs: a day of a busy boundary.
        trend: what the rate has risen by at the end.
        runs: streams.
        pairs: of each.
    """

    def rate(n: int) -> Floats:
        moved = wave * np.sin(2 * np.pi * n / 500) + trend * n / pairs
        return np.full(runs, 0.2 + moved)

    return int((_first_alarms(seed, rate, runs=runs, pairs=pairs) > 0).sum())


def twin_difference(seed: int, pairs: int = 3_000) -> float:
    """Largest relative difference between the numpy recursion and the installed monitor."""
    losses = (np.random.default_rng(seed).random(pairs) < 0.2).astype(np.float64)  # noqa: PLR2004
    monitor = PastMonitor(("small", "large"), LEVEL)
    twin, worst = _Streams(1), 0.0
    for n, loss in enumerate(losses.tolist()):
        monitor.update(Heard("s", 0, loss, 1))
        twin.update(np.array([loss]), np.array([hashed_share(f"rank {n}", "s")]))
        worst = max(worst, abs(monitor.statistic - float(twin.statistic[0])))
        worst /= max(1.0, monitor.statistic)
    return worst


# A rise is that the lower tier got worse, a fall that it got better.
_WEIGHTS = [pattern.weight for pattern in sign_patterns(("lower", "upper"))]


class _Streams:
    """The monitors of many streams, one boundary and one stratum each."""

    def __init__(self, runs: int) -> None:
        self._first = np.zeros(runs)
        self._bad = np.zeros(runs)
        self._n = 0
        self._cuts = np.zeros((2, runs))
        self._evidence = np.zeros((2, _ODDS.size, runs))

    @property
    def statistic(self) -> Floats:
        """Mean over patterns, by their weights, and bets; shape (runs,)."""
        return np.asarray(np.average(self._evidence.mean(axis=1), axis=0, weights=_WEIGHTS))

    def update(self, losses: Floats, draws: Floats) -> None:
        """Take a pair of each stream: loss 0 or 1, and the draw that breaks ties."""
        self._n += 1
        if self._n <= CALIBRATION:
            self._first += losses
            if self._n == CALIBRATION:
                share = self._first / CALIBRATION
                self._cuts = np.stack([_cuts(share), _cuts(1 - share)])
            return
        self._bad += losses
        n = self._n - CALIBRATION
        rank = np.where(losses > 0, draws * self._bad, self._bad + draws * (n - self._bad)) / n
        for place, at in enumerate((rank, 1 - rank)):
            cut = self._cuts[place]
            odds = _ODDS[:, None]
            factor = np.where(at < cut, odds, 1.0) / (1.0 + (odds - 1.0) * cut)
            grown = (self._evidence[place] + 1.0) * factor
            self._evidence[place] = np.minimum(grown, _HEADROOM * LEVEL)


def _cuts(share: Floats) -> Floats:
    error = np.sqrt(np.maximum(share * (1 - share), 0.01) / CALIBRATION)
    return np.asarray(np.clip(share + error / 2, 1 / CALIBRATION, 1 - 1 / CALIBRATION))


def _first_alarms(
    seed: int,
    rate: Callable[[int], Floats],
    *,
    runs: int,
    pairs: int,
    enough: int | None = None,
) -> Floats:
    """Pair of the first alarm of each run, 0 for none; ``enough``: end once all have, after it."""
    rng = np.random.default_rng(seed)
    streams, found = _Streams(runs), np.zeros(runs)
    for n in range(pairs):
        streams.update((rng.random(runs) < rate(n)).astype(np.float64), rng.random(runs))
        found[(found == 0) & (streams.statistic >= LEVEL)] = n + 1
        if enough is not None and n > enough and found.all():
            break
    return found
