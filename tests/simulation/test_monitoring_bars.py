"""Bars D1, D2 and D5 of the misroute alarm, at full size (a minute on one core).

The recursion is run for all simulated streams at once in numpy; the first test holds that twin
against `MisrouteMonitor` itself, number for number.
"""

import logging

import numpy as np
import pytest

from app.errors import EvidenceError
from app.evaluation.monitoring import MisrouteMonitor

pytestmark = pytest.mark.slow

# Shown with --log-cli-level=info.
measured = logging.getLogger(__name__)

TOLERANCE = 0.05
BETS = (np.array([1.25, 1.6, 2, 3, 5]) - 1) / (1 - TOLERANCE)


def advance(evidence: np.ndarray, surplus: np.ndarray) -> np.ndarray:
    """One step of M <- (M + 1)(1 + lambda u (x - p0)) for many streams; (runs, 5), (runs,)."""
    return (evidence + 1) * (1 + surplus[:, None] * BETS)


def near_or_far_pairs(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Losses and weights of D1: the weighted rate is exactly the tolerance.

    (.6818 * .2 * .10 + .3182 * 1 * .02857) / (.6818 * .2 + .3182) = .02273 / .45456 = .05
    """
    near = rng.random(size) < 0.6818
    losses = rng.random(size) < np.where(near, 0.10, 0.02857)
    return losses.astype(float), np.where(near, 0.2, 1.0)


def test_the_numpy_twin_is_the_monitor() -> None:
    losses, weights = near_or_far_pairs(np.random.default_rng(1), 5_000)
    monitor = MisrouteMonitor(TOLERANCE)
    evidence = np.zeros((1, 5))
    for loss, weight in zip(losses, weights, strict=True):
        monitor.update(loss, weight)
        evidence = advance(evidence, np.array([weight * (loss - TOLERANCE)]))
        assert monitor.statistic == pytest.approx(evidence.mean(), rel=1e-12)


@pytest.mark.timeout(1200)
def test_d1_at_most_31_of_2000_null_runs_alarm() -> None:
    runs, segments, pairs, level = 2_000, 100, 100_000, 2e7
    rng = np.random.default_rng(20_261_123)
    share = 1 / np.arange(1, segments + 1)
    cumulated = np.cumsum(share / share.sum())
    by_segment = np.zeros((runs * segments, 5))
    pooled = np.zeros((runs, 5))
    first_row = np.arange(runs) * segments
    alarmed = np.zeros(runs, dtype=bool)
    for _ in range(pairs):
        segment = np.searchsorted(cumulated, rng.random(runs) * cumulated[-1])
        losses, weights = near_or_far_pairs(rng, runs)
        surplus = weights * (losses - TOLERANCE)
        rows = first_row + segment
        moved = advance(by_segment[rows], surplus)
        by_segment[rows] = moved
        pooled = advance(pooled, surplus)
        # Sums of five against five times the level.
        alarmed |= np.maximum(moved.sum(axis=1), pooled.sum(axis=1)) >= 5 * level
    measured.info("D1: %d of %d null runs alarmed", alarmed.sum(), runs)
    assert alarmed.sum() <= 31


def alarm_delays(
    rng: np.random.Generator, *, rate: float, change: int, level: float, runs: int
) -> np.ndarray:
    """Pairs from the change to the alarm, in the runs that did not alarm before it."""
    evidence = np.zeros((runs, 5))
    alarm_at = np.zeros(runs)
    n = 0
    while not alarm_at.all():
        losses = rng.random(runs) < (TOLERANCE if n < change else rate)
        evidence = advance(evidence, losses - TOLERANCE)
        n += 1
        evidence = np.minimum(evidence, 1e6 * level)
        alarm_at[(alarm_at == 0) & (evidence.mean(axis=1) >= level)] = n
    return alarm_at[alarm_at > change] - change


def log_ratios(losses: np.ndarray, rate: float) -> np.ndarray:
    """Log-likelihood ratio of ``rate`` against the tolerance, pair by pair."""
    bad, good = np.log(rate / TOLERANCE), np.log((1 - rate) / (1 - TOLERANCE))
    return np.where(losses, bad, good)


def oracle_limit(nulls: list[np.ndarray], rate: float) -> float:
    """CUSUM height that 1 % of null runs of 100,000 pairs reach."""
    highest = []
    for losses in nulls:
        walk = np.cumsum(log_ratios(losses, rate), axis=1)
        floor = np.minimum.accumulate(np.minimum(walk, 0), axis=1)
        highest.append((walk - floor).max(axis=1))
    return float(np.quantile(np.concatenate(highest), 0.99))


def oracle_delays(
    rng: np.random.Generator, *, rate: float, change: int, limit: float, runs: int
) -> np.ndarray:
    height, alarm_at, n = np.zeros(runs), np.zeros(runs), 0
    while not alarm_at.all():
        losses = rng.random(runs) < (TOLERANCE if n < change else rate)
        height = np.maximum(height, 0) + log_ratios(losses, rate)
        n += 1
        alarm_at[(alarm_at == 0) & (height >= limit)] = n
    return alarm_at[alarm_at > change] - change


@pytest.fixture(scope="module")
def nulls() -> list[np.ndarray]:
    """1,500 null runs of 100,000 pairs, in blocks that fit into memory (10 MB each)."""
    rng = np.random.default_rng(7)
    return [rng.random((100, 100_000), dtype=np.float32) < TOLERANCE for _ in range(15)]


@pytest.mark.parametrize(
    ("rate", "most"),
    [
        (0.08, 1_490),
        (0.09, None),
        (0.10, 640),
        (0.12, None),
        (0.15, 213),
        (0.20, None),
        (0.25, 73),
    ],
)
def test_d2_delay_is_near_the_oracle_that_knows_the_rate(
    nulls: list[np.ndarray], rate: float, most: float | None
) -> None:
    limit = oracle_limit(nulls, rate)
    for change in (500, 5_000):
        rng = np.random.default_rng([int(rate * 100), change])
        ours = alarm_delays(rng, rate=rate, change=change, level=1e7, runs=1_500)
        oracle = oracle_delays(rng, rate=rate, change=change, limit=limit, runs=1_500)
        measured.info(
            "D2: 5 %% to %.0f %% at pair %d: delay %.0f, oracle %.0f, ratio %.3f",
            *(100 * rate, change, ours.mean(), oracle.mean(), ours.mean() / oracle.mean()),
        )
        # Few runs may alarm before the change, or the mean would be of a chosen few.
        assert ours.size >= 1_485
        assert ours.mean() <= 1.25 * oracle.mean()
        assert most is None or ours.mean() <= most


def test_d5_a_weight_off_its_range_is_an_error_and_updates_nothing() -> None:
    rng = np.random.default_rng(5)
    monitor = MisrouteMonitor(TOLERANCE, max_weight=1.0)
    twin = MisrouteMonitor(TOLERANCE, max_weight=1.0)
    refused = 0
    for loss, weight in zip(rng.random(2_000) < 0.05, rng.uniform(-0.5, 1.5, 2_000), strict=True):
        if 0 < weight <= 1:
            assert monitor.update(loss, weight) == twin.update(loss, weight)
        else:
            refused += 1
            with pytest.raises(EvidenceError, match="nothing was updated"):
                monitor.update(loss, weight)
        assert monitor.state() == twin.state()
    assert 800 < refused < 1_200


def test_since_points_at_the_change() -> None:
    """A jump from 5 % to 15 % at pair 5,000: the estimated start is the change, give or take."""
    errors = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        losses = (rng.random(12_000) < np.where(np.arange(12_000) < 5_000, 0.05, 0.15)).tolist()
        monitor = MisrouteMonitor(TOLERANCE)
        for loss in losses:
            if monitor.update(loss):
                break
        errors.append(monitor.since - 5_000)
    measured.info("since: off by %s pairs (quartiles)", np.percentile(errors, [25, 50, 75]))
    assert abs(np.median(errors)) <= 10
    assert np.percentile(np.abs(errors), 75) <= 60
