"""Bars T1, T2 and T4 of the threshold's certificate, at full size (half a minute on one core)."""

import logging
from dataclasses import dataclass

import numpy as np
import pytest

from app.evaluation.thresholds import choose_threshold, spent_delta

pytestmark = pytest.mark.slow

# Shown with --log-cli-level=info.
measured = logging.getLogger(__name__)

ALPHA = DELTA = 0.05
START, STEP = 0.5, 0.1


def risk(confidence: np.ndarray) -> np.ndarray:
    return 0.002 + 0.55 * (1 - confidence) ** 2.2


@dataclass(frozen=True)
class Truth:
    """Kept share and risk of every threshold in cents, by summing Beta(2.5, 1.5) finely."""

    kept: np.ndarray
    risk: np.ndarray

    def loosest_safe(self, low: int, high: int) -> int:
        return next(cents for cents in range(low, high + 1) if self.risk[cents] <= ALPHA)


@pytest.fixture(scope="module")
def truth() -> Truth:
    c = (np.arange(1_000_000) + 0.5) / 1_000_000
    density = c**1.5 * (1 - c) ** 0.5
    density /= density.sum()
    cents = np.floor(c * 100).astype(int)
    kept = np.cumsum(np.bincount(cents, density)[::-1])[::-1]
    lost = np.cumsum(np.bincount(cents, density * risk(c))[::-1])[::-1]
    return Truth(np.append(kept, 0.0), np.append(lost / kept, 0.0))


def sample(
    rng: np.random.Generator, n: int, *, weighted: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of the recipe; weighted: those farther than .15 from .5 enter with pi = 1/3.

    Weights are scaled so that the largest is 1, as in the recipe: .333 near, 1 elsewhere.
    """
    c = rng.beta(2.5, 1.5, n * 4)
    near = np.abs(c - 0.5) <= 0.15
    if weighted:
        c = c[near | (rng.random(c.size) < 0.333)]
    c = c[:n]
    assert c.size == n
    w = np.where(np.abs(c - 0.5) <= 0.15, 0.333, 1.0) if weighted else np.ones(n)
    return c, (rng.random(n) < risk(c)).astype(float), w


@pytest.mark.parametrize("weighting", ["uniform", "weighted"])
@pytest.mark.parametrize("n", [200, 500, 2_000])
def test_t1_t2_certificates_hold_and_keep_traffic(truth: Truth, n: int, weighting: str) -> None:
    weighted = weighting == "weighted"
    rng = np.random.default_rng([n, weighted])
    runs, wrong, certified, kept = 1_500, 0, 0, 0.0
    for _ in range(runs):
        choice = choose_threshold(
            *sample(rng, n, weighted=weighted), alpha=ALPHA, delta=DELTA, current=START, step=STEP
        )
        assert choice.threshold is not None
        cents = round(choice.threshold * 100)
        certified += choice.certified
        wrong += choice.certified and truth.risk[cents] > ALPHA
        kept += truth.kept[cents] / runs
    of_oracle = kept / truth.kept[truth.loosest_safe(40, 60)]
    measured.info("T1: n %d %s: %d wrong of %d certified", n, weighting, wrong, certified)
    measured.info("T2: n %d %s: %.3f of the oracle's kept traffic", n, weighting, of_oracle)
    assert certified > 0
    assert wrong <= 95
    if n == 2_000:
        assert of_oracle >= (0.84 if weighted else 0.87)


def test_t4_a_year_of_weekly_retunes_stays_safe_and_useful(truth: Truth) -> None:
    """A certified choice takes effect; an uncertified one only on evidence of harm.

    Following every uncertified raise ends at 1 (4 % of the oracle's traffic kept): the spent delta
    shrinks until 500 pairs no longer certify anything.
    """
    rng = np.random.default_rng(52)
    runs, weeks, ever_over, kept = 200, 52, 0, 0.0
    for _ in range(runs):
        threshold, over = START, False
        for week in range(weeks):
            choice = choose_threshold(
                *sample(rng, 500, weighted=False),
                alpha=ALPHA,
                delta=spent_delta(DELTA, week),
                current=threshold,
                step=STEP,
            )
            if choice.threshold is not None and (choice.certified or choice.exceeded):
                threshold = choice.threshold
            cents = round(threshold * 100)
            over |= bool(truth.risk[cents] > ALPHA)
            kept += truth.kept[cents] / (runs * weeks)
        ever_over += over
    # The walk may go below the window of one step, so the oracle may too.
    of_oracle = kept / truth.kept[truth.loosest_safe(0, 100)]
    measured.info("T4: %d of %d years ever over, %.3f kept", ever_over, runs, of_oracle)
    assert ever_over <= 18
    assert of_oracle >= 0.70
