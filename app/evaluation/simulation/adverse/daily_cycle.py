"""Traffic that follows the clock: waves of the day, weekends, batches, two regions."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tierwatch.evaluation.alarms.input_drift import InputDriftMonitor
from tierwatch.evaluation.alarms.weekly_drift import KNOWN_AFTER_H, WEEK_H, WeeklyDriftMonitor
from tierwatch.evaluation.simulation.certificate_rows import Effort, Row, share_row

Floats = NDArray[np.float64]
BEFORE: Final = (2.5, 1.5)
AFTER: Final = (1.8, 1.8)
_BINS: Final = 20
_MEAN, _CONCENTRATION = 0.625, 4.0
# Counts of so many minutes at a time; an hour holds a whole number of them.
_STEP_MIN: Final = 15


class Shape(NamedTuple):
    """A week that repeats.

    Attributes:
        name: in words.
        mean: of the confidence, by hours since some Monday began.
        shown: whether it is a row of `tierwatch simulate --adverse`.
    """

    name: str
    mean: Callable[[float], float]
    shown: bool = False


def _wave(size: float) -> Callable[[float], float]:
    return lambda hour: _MEAN + size * float(np.sin(2 * np.pi * hour / 24))


def _two_regions(hour: float) -> float:
    """Two waves nine hours apart, one half as large."""
    near, far = np.sin(2 * np.pi * hour / 24), np.sin(2 * np.pi * (hour - 9) / 24)
    return _MEAN + 0.08 * float(near) + 0.04 * float(far)


def _weekends(hour: float) -> float:
    return _MEAN - (0.05 if hour % WEEK_H >= 5 * 24 else 0.0)


def _batch(hour: float) -> float:
    """A batch job on Monday mornings, of prompts that the router is less sure of."""
    return _MEAN - (0.15 if 6 <= hour % WEEK_H < 9 else 0.0)  # noqa: PLR2004 - hours


SHAPES: Final = (
    Shape("every hour alike", _wave(0.0)),
    Shape("daily wave of .02", _wave(0.02)),
    Shape("daily wave of .05", _wave(0.05)),
    Shape("daily wave of .10", _wave(0.10), shown=True),
    Shape("weekends .05 lower", _weekends, shown=True),
    Shape("a batch on Monday mornings .15 lower", _batch, shown=True),
    Shape("waves of two regions nine hours apart", _two_regions, shown=True),
)


def rows(effort: Effort, seed: int) -> Iterator[Row]:
    """False alarms of the input alarm in thirty days of 2,000 requests, by shape of the week."""
    runs = effort.of(20)
    days = KNOWN_AFTER_H // 24 + max(1, round(16 * effort.length))
    per_day = round(2_000 * min(1.0, 4 * effort.length))
    for shape in SHAPES:
        if shape.shown:
            yield share_row(
                "V5",
                f"daily cycle, {days} days of {per_day:,} requests: {shape.name}",
                "runs with a false input alarm",
                sum(alarms(shape, per_day, days=days, seed=seed + run) > 0 for run in range(runs)),
                runs,
                limit=0.05,
            )


def alarms(shape: Shape, per_day: int, *, days: int, seed: int) -> int:
    """Alarms by the hour of the week; each counts anew once the evidence has fallen below it."""
    monitor, found, up = WeeklyDriftMonitor(bins=_BINS, seed=seed), 0, False
    for hour, counts in _traffic(shape, per_day, days, seed):
        alarmed = monitor.update_counts(hour, counts)
        found, up = found + (alarmed and not up), alarmed
    return found


def alarms_of_one_reference(shape: Shape, per_day: int, *, days: int, seed: int) -> int:
    """Alarms with one reference for all hours, begun anew after each."""
    monitor, found = InputDriftMonitor(bins=_BINS, seed=seed), 0
    for _, counts in _traffic(shape, per_day, days, seed):
        if monitor.update_counts(counts):
            found += 1
            monitor = InputDriftMonitor(bins=_BINS, seed=seed + found)
    return found


def delays(an_hour: int, *, runs: int, seed: int) -> Floats:
    """Requests from a change in the third week to the alarm, by run."""
    found = []
    for run in range(runs):
        rng = np.random.default_rng([seed, an_hour, run])
        monitor = WeeklyDriftMonitor(bins=_BINS, seed=run)
        change = KNOWN_AFTER_H + int(rng.integers(WEEK_H))
        for hour in range(change):
            monitor.update_counts(hour, _histogram(rng.beta(*BEFORE, an_hour)))
        asked, alarmed = 0, False
        while not alarmed:
            counts = _histogram(rng.beta(*AFTER, 10))
            alarmed = monitor.update_counts(change + asked // an_hour, counts)
            asked += 10
        found.append(float(asked))
    return np.array(found)


def _traffic(shape: Shape, per_day: int, days: int, seed: int) -> Iterator[tuple[int, list[int]]]:
    """Hours with counts of their requests, in order; busier by day than by night."""
    rng = np.random.default_rng([seed, per_day])
    for step in range(days * 1_440 // _STEP_MIN):
        hour = step * _STEP_MIN / 60
        rate = per_day * _STEP_MIN / 1_440 * (1 + 0.6 * np.sin(2 * np.pi * (hour - 8) / 24))
        n, mean = int(rng.poisson(rate)), shape.mean(hour)
        if n:
            drawn = rng.beta(_CONCENTRATION * mean, _CONCENTRATION * (1 - mean), n)
            yield int(hour), _histogram(drawn)


def _histogram(confidences: Floats) -> list[int]:
    counts: list[int] = np.histogram(confidences, bins=_BINS, range=(0, 1))[0].tolist()
    return counts
