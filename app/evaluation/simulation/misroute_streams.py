"""Recipes D1 to D4: false alarms and delay of the misroute alarm, beside what others do.

The recursion runs for all simulated streams at once in numpy. `twin_difference` holds that twin
against `MisrouteMonitor` itself, so what is certified is the installed monitor.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.sampling.outcome import observed_together
from tierwatch.evaluation.simulation.monitor_twin import MonitorTwin

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
TOLERANCE = 0.05
# A pair feeds its segment and the pooled stream, so both alarm at twice 1e7.
LEVEL, POOLED_LEVEL = 1e7, 2e7
SEGMENTS = 100
_BETS = (np.array([1.25, 1.6, 2, 3, 5]) - 1) / (1 - TOLERANCE)
# D1's pairs: share that is near the threshold, and the loss rates of near and far ones.
_NEAR, _NEAR_RATE, _FAR_RATE = 0.6818, 0.10, 0.02857
# Pairs in a window or chunk of the methods that are compared.
WINDOW = 500
# The state is held here in the long runs after an alarm; 1e6 times the level, as in the monitor.
_HEADROOM = 1e6


@dataclass(frozen=True, slots=True)
class Delay:
    """Pairs from a change to its alarm.

    Attributes:
        delays: of the monitor, in the runs that did not alarm before the change; shape (runs,).
        oracle: mean delay of a CUSUM that knows both rates, calibrated to alarm falsely in 1 % of
            null runs of 100,000 pairs.
        kept: share of runs that did not alarm before the change.
    """

    delays: Floats
    oracle: float
    kept: float

    @property
    def ours(self) -> float:
        """Mean delay of the monitor."""
        return float(self.delays.mean())


def twin_difference(seed: int, pairs: int = 5_000) -> float:
    """Largest relative difference between the numpy recursion and the installed monitor."""
    losses, weights = _near_or_far(np.random.default_rng(seed), pairs)
    monitor = MisrouteMonitor(TOLERANCE, max_weight=1.0)
    evidence = np.zeros((1, _BETS.size))
    worst = 0.0
    for loss, weight in zip(losses.tolist(), weights.tolist(), strict=True):
        monitor.update(loss, weight)
        evidence = _advance(evidence, np.array([weight * (loss - TOLERANCE)]))
        twin = float(evidence.mean())
        worst = max(worst, abs(monitor.statistic - twin) / twin)
    return worst


def false_alarms(seed: int, *, runs: int, pairs: int) -> int:
    """D1: null runs that alarm in any of 100 segments with Zipf(1) traffic, or pooled.

    A pair is "near" with probability .6818 (loss rate .10, w = .2), else far (.02857, w = 1), so
    the weighted rate is the tolerance exactly:
    (.6818 x .2 x .10 + .3182 x .02857) / (.6818 x .2 + .3182) = .02273 / .45456 = .05.
    """
    rng = np.random.default_rng(seed)
    cumulated = np.cumsum(_zipf())
    by_segment = np.zeros((runs * SEGMENTS, _BETS.size))
    pooled = np.zeros((runs, _BETS.size))
    first_row = np.arange(runs) * SEGMENTS
    alarmed = np.zeros(runs, dtype=np.bool_)
    for _ in range(pairs):
        segment = np.searchsorted(cumulated, rng.random(runs) * cumulated[-1])
        losses, weights = _near_or_far(rng, runs)
        surplus = weights * (losses - TOLERANCE)
        rows = first_row + segment
        moved = _advance(by_segment[rows], surplus)
        by_segment[rows] = moved
        pooled = _advance(pooled, surplus)
        # Sums of the bets against as many times the level.
        highest = np.maximum(moved.sum(axis=1), pooled.sum(axis=1))
        alarmed |= highest >= _BETS.size * POOLED_LEVEL
    return int(alarmed.sum())


def oracle_heights(seed: int, rates: tuple[float, ...], *, runs: int) -> dict[float, float]:
    """CUSUM heights that 1 % of null runs of 100,000 pairs reach, by the rate it is tuned to."""
    rng = np.random.default_rng(seed)
    block = min(100, runs)
    highest: dict[float, list[Floats]] = {rate: [] for rate in rates}
    for _ in range(runs // block):
        losses = rng.random((block, 100_000), dtype=np.float32) < TOLERANCE
        for rate in rates:
            walk = np.cumsum(_log_ratios(losses, rate), axis=1)
            floor = np.minimum.accumulate(np.minimum(walk, 0), axis=1)
            highest[rate].append((walk - floor).max(axis=1))
    return {
        rate: float(np.quantile(np.concatenate(found), 0.99)) for rate, found in highest.items()
    }


def delay(seed: int, *, rate: float, change: int, height: float, runs: int) -> Delay:
    """D2: the rate jumps from 5 % to ``rate`` after ``change`` pairs."""
    ours = _delays(np.random.default_rng([seed, 1]), rate, change, runs, None)
    oracle = _delays(np.random.default_rng([seed, 2]), rate, change, runs, height)
    return Delay(ours, float(oracle.mean()), ours.size / runs)


def segment_delays(seed: int, *, runs: int) -> Floats:
    """D3: the sixth segment's loss rates double at pair 20,000; delays in its own pairs.

    Its stream is all that decides, so only its pairs are drawn: before the change a binomial
    number of them.
    """
    rng = np.random.default_rng(seed)
    before = rng.binomial(20_000, _zipf()[5], runs)
    evidence = np.zeros((runs, _BETS.size))
    alarm_at = np.zeros(runs)
    n = 0
    while not alarm_at.all():
        losses, weights = _near_or_far(rng, runs, factor=np.where(n < before, 1.0, 2.0))
        evidence = _advance(evidence, weights * (losses - TOLERANCE))
        evidence = np.minimum(evidence, _HEADROOM * POOLED_LEVEL)
        n += 1
        alarm_at[(alarm_at == 0) & (evidence.mean(axis=1) >= POOLED_LEVEL)] = n
    late = alarm_at > before
    return np.asarray((alarm_at - before)[late])


def conversation_false_alarms(seed: int, *, size: int, runs: int, pairs: int) -> tuple[int, int]:
    """D4: null runs that alarm when pairs come in conversations with correlated losses.

    A conversation's rate is Beta with mean .05 and intra-class correlation .3: a + b = 1/.3 - 1.

    Returns:
        Runs that alarm with one observation a conversation, and with its pairs taken as
        independent.
    """
    rng = np.random.default_rng(seed)
    spread = 1 / 0.3 - 1
    twin, naive = MonitorTwin(TOLERANCE, runs, LEVEL, reach=size), np.zeros((runs, _BETS.size))
    fooled = np.zeros(runs, dtype=np.bool_)
    for _ in range(pairs // size):
        rate = rng.beta(TOLERANCE * spread, (1 - TOLERANCE) * spread, runs)
        losses = (rng.random((size, runs)) < rate).astype(np.float64)
        twin.update((losses - TOLERANCE).sum(axis=0))
        for loss in losses:
            naive = np.minimum(_advance(naive, loss - TOLERANCE), _HEADROOM * LEVEL)
            fooled |= naive.mean(axis=1) >= LEVEL
    # The observation the twin bets on is the one the loop makes of a conversation.
    example = losses[:, 0].tolist()
    observed, weight = observed_together(example, [1.0] * size)
    if not math.isclose(observed * weight, losses[:, 0].sum()):
        raise AssertionError("observed_together is not the sum of a conversation's losses")
    return int(twin.alarmed.sum()), int(fooled.sum())


def _zipf() -> Floats:
    share = 1 / np.arange(1, SEGMENTS + 1)
    return np.asarray(share / share.sum())


def _advance(evidence: Floats, surplus: Floats) -> Floats:
    """One step of M <- (M + 1)(1 + lambda u (x - p0)) for many streams; (runs, K), (runs,)."""
    return np.asarray((evidence + 1) * (1 + surplus[:, None] * _BETS))


def _near_or_far(
    rng: np.random.Generator, size: int, factor: Floats | float = 1.0
) -> tuple[Floats, Floats]:
    near = rng.random(size) < _NEAR
    losses = rng.random(size) < np.where(near, _NEAR_RATE, _FAR_RATE) * factor
    return losses.astype(np.float64), np.where(near, 0.2, 1.0)


def _log_ratios(losses: Bools, rate: float) -> Floats:
    """Log-likelihood ratio of ``rate`` against the tolerance, pair by pair."""
    bad, good = np.log(rate / TOLERANCE), np.log((1 - rate) / (1 - TOLERANCE))
    return np.asarray(np.where(losses, bad, good), dtype=np.float64)


def _delays(
    rng: np.random.Generator, rate: float, change: int, runs: int, height: float | None
) -> Floats:
    """Delays of the runs that did not alarm before the change; of the oracle if given a height."""
    evidence, walk = np.zeros((runs, _BETS.size)), np.zeros(runs)
    alarm_at, n = np.zeros(runs), 0
    while not alarm_at.all():
        losses = rng.random(runs) < (TOLERANCE if n < change else rate)
        n += 1
        if height is None:
            evidence = _advance(evidence, np.asarray(losses - TOLERANCE, dtype=np.float64))
            evidence = np.minimum(evidence, _HEADROOM * LEVEL)
            over = evidence.mean(axis=1) >= LEVEL
        else:
            walk = np.maximum(walk, 0) + _log_ratios(losses, rate)
            over = walk >= height
        alarm_at[(alarm_at == 0) & over] = n
    return np.asarray(alarm_at[alarm_at > change] - change)
