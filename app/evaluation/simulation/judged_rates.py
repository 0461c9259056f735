"""Recipes C1 and C2: coverage and width of the intervals of rates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.double_sampling import estimate_rate
from tierwatch.evaluation.rates.rate_band import rate_band

Floats = NDArray[np.float64]
# Judged pairs, labels, and the widest mean interval that the bar allows.
CELLS = (
    (100, 100, 0.110),
    (300, 100, 0.093),
    (1_000, 100, 0.086),
    (3_000, 100, 0.084),
    (100, 200, 0.092),
    (300, 200, 0.071),
    (1_000, 200, 0.063),
    (3_000, 200, 0.060),
)
# Four strata, the judge's errors differ among them. 5.8 % are bad, it finds 7.5 %.
_SIZE = np.array([0.4, 0.3, 0.2, 0.1])
_RATE = np.array([0.02, 0.05, 0.10, 0.15])
_SENSITIVITY = np.array([0.60, 0.70, 0.80, 0.90])
_SPECIFICITY = np.array([0.99, 0.97, 0.94, 0.90])
TRUTH = float(_SIZE @ _RATE)


@dataclass(frozen=True, slots=True)
class Judged:
    """Pairs of the recipe: stratum, whether truly bad, whether judged bad; each of shape (n,)."""

    stratum: NDArray[np.intp]
    bad: NDArray[np.bool_]
    flagged: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What intervals did over some runs.

    Attributes:
        hits: runs in which ours covered the rate.
        widths: of ours; shape (runs,).
        judge_hits: runs in which the exact interval of the judge's own rate covered it.
    """

    hits: int
    widths: Floats
    judge_hits: int


def judged_pairs(rng: np.random.Generator, pairs: int) -> Judged:
    """Draw pairs of the recipe, and what the judge says of them."""
    stratum = rng.choice(_SIZE.size, pairs, p=_SIZE)
    bad = rng.random(pairs) < _RATE[stratum]
    flagged = rng.random(pairs) < np.where(bad, _SENSITIVITY[stratum], 1 - _SPECIFICITY[stratum])
    return Judged(stratum, bad, flagged)


def coverage(seed: int, *, pairs: int, gold: int, runs: int) -> Coverage:
    """C1: intervals from ``pairs`` without a label and ``gold`` with one, all drawn alike."""
    rng = np.random.default_rng([seed, pairs, gold])
    hits = judge_hits = 0
    widths = np.zeros(runs)
    for run in range(runs):
        drawn = judged_pairs(rng, pairs + gold)
        labels = np.full(drawn.stratum.size, np.nan)
        labels[:gold] = drawn.bad[:gold]
        found = estimate_rate(drawn.flagged, None, drawn.stratum, labels, seed=run)
        hits += found.low <= TRUTH <= found.high
        widths[run] = found.high - found.low
        low, high = clopper_pearson(int(drawn.flagged.sum()), drawn.flagged.size)
        judge_hits += low <= TRUTH <= high
    return Coverage(hits, widths, judge_hits)


def ever_misses(seed: int, *, runs: int, pairs: int = 3_000) -> tuple[int, int]:
    """C2: a rate of 5 %, checked after each pair.

    Returns:
        Runs in which the time-uniform band ever misses the rate, and in which Wilson's interval
        does: it leaves the rate out where the score test rejects it.
    """
    rng = np.random.default_rng(seed)
    rate, ever, once = 0.05, 0, 0
    n = np.arange(1, pairs + 1)
    score = float(special.ndtri(0.975)) * np.sqrt(n * rate * (1 - rate))
    for _ in range(runs):
        losses = (rng.random(pairs) < rate).astype(np.float64)
        band = rate_band(losses)
        ever += bool(((band.low > rate) | (band.high < rate)).any())
        once += bool((np.abs(np.cumsum(losses) - n * rate) > score).any())
    return ever, once
