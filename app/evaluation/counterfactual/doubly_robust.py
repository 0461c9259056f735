"""A misroute rate from a model of the risk, corrected by the pairs (AIPW)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from tierwatch.evaluation.counterfactual.boundary_outcomes import Columns
from tierwatch.evaluation.counterfactual.hajek import (
    effective_pairs,
    linearised_variance,
    most_effective,
)
from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.columns import Floats, checked_array
from tierwatch.evaluation.rates.estimate import Estimate, unknown

OutcomeModel = Callable[[Floats], ArrayLike]
_FOLDS = 5


def doubly_robust_rate(
    one: Columns, model: OutcomeModel | None, level: float, rng: np.random.Generator
) -> Estimate:
    """The misroute rate among what the candidate keeps, from a model of the risk and the pairs.

    With k = 1 where a pair is kept (AIPW; Robins, Rotnitzky and Zhao 1994)::

        D = mean of m over the kept traffic + sum(w k (x - m)) / sum(w k)

    m being the model, or a falling step function of confidence fitted by isotonic regression on the
    other folds (cross-fitting, Chernozhukov et al. 2018). It is right when pi or m is, and tighter
    than Hajek's the better m is; with a few losses its interval may be a tenth wider instead. See
    docs/statistics.md, "Counterfactual replay".

    Args:
        one: the boundary; without its traffic the rate is unknown.
        model: misroute risk by confidence, fitted on *other* data; None to fit one by folds.
        level: of the interval.
        rng: of the folds.

    Raises:
        EvidenceError: the model predicts what is no rate.
    """
    kept = one.kept(one.candidate)
    if one.traffic is None:
        return unknown("the traffic's confidences are not known; without them it adds nothing")
    here = one.traffic >= one.candidate
    counts = one.counts[here]
    if not kept.any() or counts.sum() == 0:
        return unknown()
    if model is None:
        name = "cross-fitted isotonic model"
        on_pairs, on_traffic = _cross_fitted(one, one.traffic[here], rng)
    else:
        name = "given model"
        on_pairs = _predicted(model, one.c)
        on_traffic = _predicted(model, one.traffic[here])
    w, residuals = one.w[kept], (one.x - on_pairs)[kept]
    modelled = float(counts @ on_traffic / counts.sum())
    value = min(1.0, max(0.0, modelled + float(w @ residuals / w.sum())))
    spread = float(counts @ (on_traffic - modelled) ** 2 / counts.sum())
    variance = linearised_variance(residuals, w) + spread / float(counts.sum())
    n = effective_pairs(value, variance, most_effective(one.x[kept], w))
    low, high = clopper_pearson(value * n, n, level)
    method = f"doubly robust, {name}, {n:.0f} effective pairs"
    return Estimate(value, low, high, int(kept.sum()), method)


def _predicted(model: OutcomeModel, confidences: Floats) -> Floats:
    return checked_array(
        model(confidences), "predictions of the outcome model", low=0, high=1, size=confidences.size
    )


def _cross_fitted(one: Columns, traffic: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Predictions for each pair from the other folds, and for the traffic the folds' mean."""
    n = one.c.size
    folds = min(_FOLDS, n)
    if folds < 2:  # noqa: PLR2004 - one pair has no other fold
        return np.zeros(n), np.zeros(traffic.size)
    fold = rng.permutation(n) % folds
    on_pairs, on_traffic = np.zeros(n), np.zeros(traffic.size)
    for number in range(folds):
        rest, out = fold != number, fold == number
        c, order = np.unique(one.c[rest], return_inverse=True)
        w = np.bincount(order, one.w[rest])
        mean = np.bincount(order, (one.w * one.x)[rest]) / w
        steps = optimize.isotonic_regression(mean, weights=w, increasing=False).x
        on_pairs[out] = np.interp(one.c[out], c, steps)
        on_traffic += np.interp(traffic, c, steps) / folds
    return on_pairs, on_traffic
