"""Recipes T1, T2, T4 and T5: what a threshold's certificate is worth."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.thresholds.choice import choose_threshold
from tierwatch.evaluation.thresholds.spending import spent_delta

Floats = NDArray[np.float64]
ALPHA = DELTA = 0.05
START, STEP = 0.5, 0.1
SENSITIVITY, SPECIFICITY = 0.70, 0.997
# Pairs farther than this from the present threshold enter with pi = FAR_SHARE.
_NEAR, _FAR_SHARE = 0.15, 0.333
_CENTS = 100


@dataclass(frozen=True)
class Truth:
    """Kept share and risk of every threshold in cents; shape (101,)."""

    kept: Floats
    risk: Floats

    def loosest_safe(self, low: int, high: int) -> int:
        """The loosest threshold in cents whose risk is at most alpha."""
        return next(cents for cents in range(low, high + 1) if self.risk[cents] <= ALPHA)


@dataclass(frozen=True, slots=True)
class Certificates:
    """What some runs of one retune gave.

    Attributes:
        certified: runs that certified a threshold.
        wrong: of these, with a risk above alpha.
        kept: traffic kept, as a share of what an oracle would keep; shape (runs,).
        naive_wrong: runs in which the loosest candidate whose own share of losses is at most
            alpha has a risk above it.
    """

    certified: int
    wrong: int
    kept: Floats
    naive_wrong: int


@dataclass(frozen=True, slots=True)
class Years:
    """Years of weekly retunes: how many were ever above alpha, and what each kept (runs,)."""

    ever_over: int
    kept: Floats


def risk(confidence: Floats) -> Floats:
    """Chance that the lower tier's answer is worse, by confidence."""
    return np.asarray(0.002 + 0.55 * (1 - confidence) ** 2.2)


@cache
def truth() -> Truth:
    """By summing the density of Beta(2.5, 1.5) finely."""
    c = (np.arange(1_000_000) + 0.5) / 1_000_000
    density = c**1.5 * (1 - c) ** 0.5
    density /= density.sum()
    cents = np.floor(c * _CENTS).astype(int)
    kept = np.cumsum(np.bincount(cents, density)[::-1])[::-1]
    lost = np.cumsum(np.bincount(cents, density * risk(c))[::-1])[::-1]
    return Truth(np.append(kept, 0.0), np.append(lost / kept, 0.0))


def sample(rng: np.random.Generator, n: int, *, weighted: bool) -> tuple[Floats, Floats, Floats]:
    """Confidences, losses and weights of n pairs.

    Weighted: those farther than .15 from .5 enter with pi = .333. Weights are scaled so that the
    largest is 1: .333 near, 1 elsewhere.
    """
    c = rng.beta(2.5, 1.5, n * 4)
    if weighted:
        near = np.abs(c - START) <= _NEAR
        c = c[near | (rng.random(c.size) < _FAR_SHARE)]
    c = c[:n]
    w = np.where(np.abs(c - START) <= _NEAR, _FAR_SHARE, 1.0) if weighted else np.ones(n)
    return c, (rng.random(n) < risk(c)).astype(np.float64), w


def certificates(seed: int, *, n: int, weighted: bool, runs: int) -> Certificates:
    """T1 and T2: one retune from n pairs."""
    rng = np.random.default_rng([seed, n, weighted])
    of = truth()
    oracle = of.kept[of.loosest_safe(40, 60)]
    certified = wrong = naive_wrong = 0
    kept = np.zeros(runs)
    for run in range(runs):
        c, x, w = sample(rng, n, weighted=weighted)
        choice = choose_threshold(c, x, w, alpha=ALPHA, delta=DELTA, current=START, step=STEP)
        cents = _cents(choice.threshold)
        certified += choice.certified
        wrong += choice.certified and bool(of.risk[cents] > ALPHA)
        kept[run] = of.kept[cents] / oracle
        naive_wrong += bool(of.risk[_naive(c, x, w)] > ALPHA)
    return Certificates(certified, wrong, kept, naive_wrong)


def _naive(c: Floats, x: Floats, w: Floats) -> int:
    for cents in range(round((START - STEP) * _CENTS), round((START + STEP) * _CENTS)):
        here = c >= cents / _CENTS
        if here.any() and float(x[here] @ w[here]) <= ALPHA * float(w[here].sum()):
            return cents
    return round((START + STEP) * _CENTS)


def _cents(threshold: float | None) -> int:
    return _CENTS if threshold is None else round(threshold * _CENTS)


def year_of_retunes(seed: int, *, runs: int, weeks: int = 52) -> Years:
    """T4: 500 new pairs a week.

    A certified choice takes effect; an uncertified one only on evidence of harm. Following every
    uncertified raise ends at 1 (4 % of the oracle's traffic kept): the spent delta shrinks until
    500 pairs no longer certify anything.
    """
    rng = np.random.default_rng(seed)
    of = truth()
    # The walk may go below the window of one step, so the oracle may too.
    oracle = of.kept[of.loosest_safe(0, _CENTS)]
    ever_over, kept = 0, np.zeros(runs)
    for run in range(runs):
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
            over |= bool(of.risk[_cents(threshold)] > ALPHA)
            kept[run] += of.kept[_cents(threshold)] / oracle / weeks
        ever_over += over
    return Years(ever_over, kept)


def judged_certificates(
    seed: int, *, n: int, runs: int, gold: int = 100, corrected: bool = True
) -> tuple[int, int]:
    """T5: the judge has sensitivity .70 and specificity .997, counted on gold pairs of each kind.

    Returns:
        Runs with a wrong certificate, and runs with any.
    """
    rng = np.random.default_rng([seed, n, gold])
    of = truth()
    wrong = certified = 0
    for _ in range(runs):
        c, x, _ = sample(rng, n, weighted=False)
        flagged = np.where(x == 1, rng.random(n) < SENSITIVITY, rng.random(n) < 1 - SPECIFICITY)
        errors = JudgeErrors(
            rng.binomial(gold, SENSITIVITY), gold, rng.binomial(gold, SPECIFICITY), gold
        )
        choice = choose_threshold(
            *(c, flagged, None),
            alpha=ALPHA,
            delta=DELTA,
            current=START,
            step=STEP,
            judge=errors if corrected else None,
        )
        certified += choice.certified
        wrong += choice.certified and bool(of.risk[_cents(choice.threshold)] > ALPHA)
    return wrong, certified
