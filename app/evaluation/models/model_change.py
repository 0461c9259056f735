"""What another model and threshold would do to a boundary's traffic."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.models.bootstrap import bootstrapped
from tierwatch.evaluation.models.held_out import Conversations, HeldOut
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.rates.weighted import weighted_rate


@dataclass(frozen=True, slots=True)
class ModelChange:
    """What another model and threshold would do to a boundary's traffic.

    Attributes:
        misroute_now: misroute rate among the traffic kept now.
        misroute: the same among what the candidate would keep.
        misroute_change: the second less the first, paired.
        cost_change: relative change of the cost of this boundary's traffic.
        kept_now: share of the traffic kept now.
        kept: share the candidate would keep.
    """

    misroute_now: Estimate
    misroute: Estimate
    misroute_change: Estimate
    cost_change: Estimate
    kept_now: Estimate
    kept: Estimate


def model_change(
    held_out: HeldOut,
    now: ArrayLike,
    then: ArrayLike,
    *,
    cost_low: float,
    cost_high: float,
    seed: int = 0,
) -> ModelChange:
    """Predict what a candidate would do, from held-out pairs.

    Rates are `weighted_rate`; changes have percentile intervals (95 %) of a seeded bootstrap of
    conversations. Costs are taken as known.

    Args:
        held_out: the pairs.
        now: whether each is kept now, shape (n,).
        then: whether the candidate would keep it.
        cost_low: mean cost of an answer of the lower tier, USD.
        cost_high: the same of the higher tier.
        seed: of the bootstrap.

    Raises:
        EvidenceError: not as many as pairs.

    >>> held_out = HeldOut(["worse", "tie"] * 40, [1.0] * 80, list(map(str, range(80))))
    >>> change = model_change(held_out, [True] * 80, [False, True] * 40, cost_low=1, cost_high=3)
    >>> change.misroute_now.value, change.misroute.value, change.cost_change.value
    (0.5, 0.0, 1.0)
    """
    n = len(held_out.verdicts)
    kept = [np.asarray(column, bool) for column in (now, then)]
    if any(column.shape != (n,) for column in kept):
        raise EvidenceError(f"found {kept[0].size} and {kept[1].size} marks; accepted: {n}")
    w = np.asarray(held_out.weights, float)
    loss = np.array([float(verdict == "worse") for verdict in held_out.verdicts])
    old, new = kept

    def rate_change(weights: Floats) -> float | None:
        before, after = weights[old].sum(), weights[new].sum()
        if not (before > 0 and after > 0):
            return None
        return float((weights * loss)[new].sum() / after - (weights * loss)[old].sum() / before)

    def cost_change(weights: Floats) -> float | None:
        share = weights[old].sum() / weights.sum(), weights[new].sum() / weights.sum()
        before, after = (s * cost_low + (1 - s) * cost_high for s in share)
        return float(after / before - 1) if before > 0 else None

    talks = Conversations.of(held_out)
    rate, cost = bootstrapped((rate_change, cost_change), talks, seed)
    return ModelChange(
        misroute_now=weighted_rate(loss[old], w[old]),
        misroute=weighted_rate(loss[new], w[new]),
        misroute_change=rate,
        cost_change=cost,
        kept_now=weighted_rate(old.astype(float), w),
        kept=weighted_rate(new.astype(float), w),
    )
