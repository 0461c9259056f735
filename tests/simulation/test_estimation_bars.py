"""Bars C1 and C2 of rates and intervals, at full size (three minutes on one core).

Beside C1 stands what others do with the same verdicts and labels, beside C2 what an interval does
that was made for one look.
"""

import logging
from collections.abc import Iterator

import numpy as np
import pytest
from scipy import special

from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.double_sampling import estimate_rate
from tierwatch.evaluation.rates.label_plan import labels_to_halve
from tierwatch.evaluation.rates.rate_band import rate_band
from tierwatch.evaluation.simulation import judged_rates as recipe

pytestmark = pytest.mark.slow

# Shown with --log-cli-level=info.
measured = logging.getLogger(__name__)

TRUTH = recipe.TRUTH


def wald_interval(
    stratum: np.ndarray, flagged: np.ndarray, labels: np.ndarray
) -> tuple[float, float]:
    """Tenenbein's stratified estimate with its plug-in normal interval; empty cells count as 0."""
    value, variance = 0.0, 0.0
    for number in range(4):
        here = stratum == number
        if not here.any():
            continue
        n, share = here.sum(), here.mean()
        q = flagged[here].mean()
        found, spread = [], []
        for verdict in (False, True):
            cell = labels[here & (flagged == verdict) & ~np.isnan(labels)]
            rate = cell.mean() if cell.size else 0.0
            found.append(rate)
            spread.append(rate * (1 - rate) / max(1, cell.size))
        value += share * (q * found[1] + (1 - q) * found[0])
        between = (found[1] - found[0]) ** 2 * q * (1 - q) / n
        variance += share**2 * (q**2 * spread[1] + (1 - q) ** 2 * spread[0] + between)
    half = float(special.ndtri(0.975)) * variance**0.5
    return value - half, value + half


RUNS = 2_000
cells = pytest.mark.parametrize(("pairs", "gold", "widest"), recipe.CELLS)


def c1_runs(pairs: int, gold: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Stratum, verdict and labels of each run; the first ``gold`` pairs are labelled.

    All pairs are drawn alike, so labels fall on strata and verdicts in proportion, as
    prediction-powered inference demands.
    """
    rng = np.random.default_rng([pairs, gold])
    for _ in range(RUNS):
        drawn = recipe.judged_pairs(rng, pairs + gold)
        labels = np.full(drawn.stratum.size, np.nan)
        labels[:gold] = drawn.bad[:gold]
        yield drawn.stratum, drawn.flagged, labels


def tally(cell: str, who: str, intervals: list[tuple[float, float]]) -> tuple[float, float]:
    """Coverage and mean width, logged."""
    covered = sum(low <= TRUTH <= high for low, high in intervals) / RUNS
    width = float(np.mean([high - low for low, high in intervals]))
    measured.info("C1: %s: %s covers %.3f, width %.4f", cell, who, covered, width)
    return covered, width


@cells
def test_c1_coverage_and_width(pairs: int, gold: int, widest: float) -> None:
    ours, judge, wald = [], [], []
    for run, (stratum, flagged, labels) in enumerate(c1_runs(pairs, gold)):
        estimate = estimate_rate(flagged, None, stratum, labels, seed=run)
        ours.append((estimate.low, estimate.high))
        judge.append(clopper_pearson(int(flagged.sum()), flagged.size))
        wald.append(wald_interval(stratum, flagged, labels))
    cell = f"n {pairs}, {gold} labels"
    coverage, width = tally(cell, "tierwatch", ours)
    assert coverage >= 0.94
    assert width <= widest
    # The judge's own rate misses, and the more surely the more pairs there are.
    assert tally(cell, "judge only", judge)[0] < 0.94
    assert tally(cell, "Wald double sampling", wald)[0] < 0.94


@cells
def test_beside_c1_prediction_powered_intervals(pairs: int, gold: int, widest: float) -> None:
    """PPI++ on the same pairs: a normal interval, which few bad labels make too short."""
    ppi = pytest.importorskip("ppi_py", reason="needs the extra `compare`")
    intervals = []
    for _, flagged, labels in c1_runs(pairs, gold):
        guess = flagged.astype(float)
        low, high = ppi.ppi_mean_ci(labels[:gold], guess[:gold], guess[gold:], alpha=0.05)
        intervals.append((float(low[0]), float(high[0])))
    covered, width = tally(f"n {pairs}, {gold} labels", "PPI++", intervals)
    assert 0.5 < covered < 0.95
    assert width < widest


@pytest.mark.parametrize("kind", ["yes or no", "weighted", "conversations"])
def test_c2_the_band_is_rarely_ever_left(kind: str) -> None:
    """A rate of 5 %, looked at after each of 3,000 observations.

    Weighted: the pairs of bar D1, weight .2 at a rate of .10 or 1 at .02857. Conversations: the
    mean of three pairs that share a Beta(.05 k, .95 k) rate, k = 7/3: intra-class correlation .3.
    """
    rng = np.random.default_rng(len(kind))
    runs, pairs, rate = 1_500, 3_000, 0.05
    ever, once, final = 0, 0, 0.0
    n = np.arange(1, pairs + 1)
    score = float(special.ndtri(0.975)) * np.sqrt(n * rate * (1 - rate))
    for _ in range(runs):
        weights = None
        if kind == "weighted":
            near = rng.random(pairs) < 0.6818
            weights = np.where(near, 0.2, 1.0)
            losses = (rng.random(pairs) < np.where(near, 0.10, 0.02857)).astype(float)
        elif kind == "conversations":
            shared = rng.beta(rate * 7 / 3, (1 - rate) * 7 / 3, pairs)
            losses = rng.binomial(3, shared) / 3
        else:
            losses = (rng.random(pairs) < rate).astype(float)
        band = rate_band(losses, weights)
        ever += bool(((band.low > rate) | (band.high < rate)).any())
        final += (band.high[-1] - band.low[-1]) / runs
        # Wilson's interval leaves the rate out where the score test rejects it.
        once += bool((np.abs(np.cumsum(losses) - n * rate) > score).any())
    measured.info("C2: %s: %d of %d runs ever miss, last width %.4f", kind, ever, runs, final)
    if kind == "yes or no":
        measured.info("C2: Wilson's interval ever misses in %d of %d runs", once, runs)
        assert once > 0.5 * runs
    assert ever <= 0.05 * runs


@pytest.mark.parametrize("picked", ["at random", "half of them judged bad"])
@pytest.mark.parametrize(("pairs", "gold"), [(3_000, 50), (3_000, 200), (10_000, 300)])
def test_the_labels_that_halve_the_interval_do(pairs: int, gold: int, picked: str) -> None:
    rng = np.random.default_rng([pairs, gold])
    left = []
    more = []
    for run in range(150):
        drawn = recipe.judged_pairs(rng, pairs)
        stratum, bad, flagged = drawn.stratum, drawn.bad, drawn.flagged
        order = rng.permutation(pairs)
        if picked != "at random":
            found, rest = order[flagged[order]], order[~flagged[order]]
            turns = np.stack([found, rest[: found.size]], axis=1).ravel()
            order = np.concatenate([turns, rest[found.size :]])
        widths = []
        labels = np.full(pairs, np.nan)
        labels[order[:gold]] = bad[order[:gold]]
        further = labels_to_halve(flagged, None, stratum, labels)
        if further is None:
            continue
        for _ in range(2):
            estimate = estimate_rate(flagged, None, stratum, labels, seed=run)
            widths.append(estimate.high - estimate.low)
            now = order[: gold + further]
            labels[now] = bad[now]
        left.append(widths[1] / widths[0])
        more.append(further)
    measured.info(
        "halving: n %d, %d labels %s: %.0f more (median) leave %.3f of the width, 10 to 90 %%: %s",
        *(pairs, gold, picked, np.median(more), np.mean(left), np.quantile(left, [0.1, 0.9])),
    )
    assert len(left) >= 100
    # A half, within 30 %.
    assert 0.35 <= np.mean(left) <= 0.65
