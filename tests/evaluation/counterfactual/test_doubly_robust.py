import math
from dataclasses import replace

import numpy as np
import pytest
from factories.replayed import LOGGED, replay

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.counterfactual.boundary_outcomes import BoundaryOutcomes


def test_the_robust_estimate_shows_its_arithmetic() -> None:
    # Model: .1 at .8, .3 at .65. Traffic known: 100 at .8, 100 at .65.
    known = replace(LOGGED, traffic=[0.8, 0.65], traffic_counts=[100, 100])
    models = {"simple": lambda c: np.where(c > 0.7, 0.1, 0.3)}
    one = replay(known, 0.7, 0.6, models=models).boundaries[0]
    # mean of m .2, plus (60 (.05 - .1) + 160 (.2 - .3)) / 220 = -19 / 220
    assert one.misroute_robust.value == pytest.approx(0.2 - 19 / 220)
    assert "given model" in one.misroute_robust.method
    assert (one.kept.value, one.kept.low, one.kept.high) == (1.0, 1.0, 1.0)
    strict = replay(known, 0.7, 0.7, models=models).boundaries[0]
    assert strict.kept.value == 0.5
    assert strict.misroute_robust.value == pytest.approx(3 / 60)


def test_without_the_traffic_the_robust_estimate_is_unknown() -> None:
    robust = replay(LOGGED, 0.7, 0.6).boundaries[0].misroute_robust
    assert robust.value is None
    assert "not known" in robust.method


def _drawn(seed: int, n: int = 6_000) -> tuple[BoundaryOutcomes, float]:
    """Pairs taken under unequal pi from traffic whose risk falls with confidence."""
    rng = np.random.default_rng(seed)
    c = rng.beta(2.5, 1.5, n)
    pi = np.where(c > 0.7, 0.1, 0.05) * rng.uniform(1, 3, n)
    taken = rng.random(n) < pi
    losses = (rng.random(n) < 0.4 * (1 - c)).astype(float)
    k = int(taken.sum())
    evidence = BoundaryOutcomes(
        c[taken], losses[taken], pi[taken], np.full(k, 1.0), np.full(k, 3.0), traffic=c
    )
    # Beta(2.5, 1.5) above .5, by summing finely.
    grid = (np.arange(100_000) + 0.5) / 100_000
    density = grid**1.5 * (1 - grid) ** 0.5 * (grid >= 0.5)
    return evidence, float(density @ (0.4 * (1 - grid)) / density.sum())


def test_both_estimates_cover_in_eighty_runs() -> None:
    """A reduced twin of tests/simulation/test_counterfactual_bars.py."""
    covered = np.zeros(2)
    widths = np.zeros(2)
    for seed in range(80):
        evidence, true = _drawn(seed)
        one = replay(evidence, 0.7, 0.5).boundaries[0]
        for k, estimate in enumerate((one.misroute, one.misroute_robust)):
            covered[k] += estimate.low <= true <= estimate.high
            widths[k] += estimate.high - estimate.low
    # 95 % of 80 is 76; two standard errors of chance are 4.
    assert covered.min() >= 72
    assert widths[1] <= widths[0]


def test_the_folds_are_seeded() -> None:
    evidence, _ = _drawn(1)
    first, again, other = (replay(evidence, 0.7, 0.5, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first.boundaries[0].misroute_robust != other.boundaries[0].misroute_robust


def test_a_model_that_predicts_no_rate_is_refused() -> None:
    known = replace(LOGGED, traffic=[0.8])
    for model in (lambda c: c + 1, lambda c: c[:0], lambda c: np.full(c.size, math.nan)):
        with pytest.raises(EvidenceError, match="predictions"):
            replay(known, 0.7, 0.6, models={"simple": model})
