"""What would another policy have done with the traffic of the past?

At a boundary between two tiers the answers of both are known for every pair, whichever tier served:
kept traffic was shadowed up, escalated traffic probed down. So any threshold can be scored on the
same pairs, each standing for 1 / pi requests, provided pairs were taken where it would decide
otherwise. Where they were not, `replay_policy` refuses and says where.
"""

import math
from collections.abc import Mapping

import numpy as np

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.counterfactual.boundary_outcomes import (
    BoundaryOutcomes,
    Columns,
    checked_boundary,
)
from tierwatch.evaluation.counterfactual.boundary_replay import BoundaryReplay, Replay
from tierwatch.evaluation.counterfactual.changes import cost_change, quality_change
from tierwatch.evaluation.counterfactual.doubly_robust import OutcomeModel, doubly_robust_rate
from tierwatch.evaluation.counterfactual.hajek import hajek_rate, kept_share, signed
from tierwatch.evaluation.counterfactual.overlap import missing_overlap
from tierwatch.evaluation.rates.estimate import MIN_EFFECTIVE, Estimate, unknown
from tierwatch.evaluation.rates.weighted import effective_n


def replay_policy(
    evidence: Mapping[str, BoundaryOutcomes],
    thresholds_now: Mapping[str, float],
    thresholds_candidate: Mapping[str, float],
    *,
    models: Mapping[str, OutcomeModel] | None = None,
    min_effective: float = MIN_EFFECTIVE,
    level: float = 0.95,
    seed: int = 0,
) -> Replay:
    """Score a candidate policy on the pairs of each boundary.

    The stages, for each boundary: `checked_boundary`, its columns; `missing_overlap`, which refuses
    where pairs are lacking; `hajek_rate` and `doubly_robust_rate` of what the candidate keeps; and
    for the whole `quality_change` and `cost_change`, every request counted once.

    Not guaranteed: anything when a recorded pi is not the true one; requests two tiers up, which
    were not compared with this boundary's lower tier; that a middle tier's traffic stays as it is
    when a threshold below moves; judge error (losses are the judge's); pairs of one conversation
    taken as independent; a candidate picked as the best of many on these same pairs is flattered.
    See docs/statistics.md, "Counterfactual replay".

    Args:
        evidence: by lower tier, cheapest first.
        thresholds_now: by tier, in [0, 1].
        thresholds_candidate: by tier; a tier that is not named stays.
        models: misroute risk by confidence, by tier, fitted on *other* data.
        min_effective: effective pairs to ask for in each slice that changes hands.
        level: of the intervals.
        seed: of the folds.

    Raises:
        EvidenceError: columns of different lengths or outside their range, a threshold that is
            missing or no share, a tier that is not in the evidence.

    >>> pairs = BoundaryOutcomes(
    ...     confidences=[0.9] * 300 + [0.65] * 100, losses=[0] * 394 + [1] * 6,
    ...     inclusion=[0.5] * 400, lower_cost_usd=[1.0] * 400, upper_cost_usd=[3.0] * 400)
    >>> found = replay_policy({"simple": pairs}, {"simple": 0.7}, {"simple": 0.6})
    >>> found.boundaries[0].misroute.value, round(found.cost_change.value, 3)   # 400 / 600 - 1
    (0.015, -0.333)
    >>> replay_policy({"simple": pairs}, {"simple": 0.7}, {"simple": 0.5}).refused
    'simple: 0 effective pairs at confidence 0.50 to 0.60, and 30 are needed'
    """
    if not 0 < level < 1:
        raise EvidenceError(f"the level must lie between 0 and 1, not {level}")
    if not 0 < min_effective < math.inf:
        raise EvidenceError(f"min_effective must be positive and finite, not {min_effective}")
    _check_thresholds(evidence, thresholds_now, thresholds_candidate)
    columns = [
        checked_boundary(tier, outcomes, thresholds_now[tier], thresholds_candidate.get(tier))
        for tier, outcomes in evidence.items()
    ]
    refusals = [missing_overlap(one, min_effective) for one in columns]
    rng = np.random.default_rng(seed)
    boundaries = tuple(
        _boundary(one, refused, (models or {}).get(one.tier), level, rng)
        for one, refused in zip(columns, refusals, strict=True)
    )
    named = zip(columns, refusals, strict=True)
    refused = "; ".join(f"{one.tier}: {why}" for one, why in named if why) or None
    if refused is not None:
        nothing = unknown(refused, low=-1.0)
        return Replay(boundaries, nothing, unknown(refused, low=-1.0, high=math.inf), refused)
    return Replay(
        boundaries, quality_change(columns, boundaries), cost_change(columns, level), None
    )


def _boundary(
    one: Columns,
    refused: str | None,
    model: OutcomeModel | None,
    level: float,
    rng: np.random.Generator,
) -> BoundaryReplay:
    kept, w = one.kept(one.candidate), one.w
    before = one.kept(one.now)
    moved_losses = np.where(one.moved, one.x, 0.0)
    if refused is None:
        share = kept_share(one, level)
        misroute = hajek_rate(one.x[kept], w[kept], level)
        robust = doubly_robust_rate(one, model, level, rng)
        change = signed(hajek_rate(moved_losses, w, level), one.sign)
        cost = cost_change([one], level, last_only=False)
    else:
        share = misroute = robust = unknown(refused)
        change = unknown(refused, low=-1.0)
        cost = unknown(refused, low=-1.0, high=math.inf)
    if one.now == one.candidate:
        change = Estimate(0.0, 0.0, 0.0, int(one.c.size), "the threshold does not change")
    return BoundaryReplay(
        tier=one.tier,
        threshold_now=one.now,
        threshold=one.candidate,
        kept=share,
        misroute=misroute,
        misroute_robust=robust,
        misroute_now=hajek_rate(one.x[before], w[before], level),
        misroutes_change=change,
        cost_change=cost,
        effective=effective_n(w[kept]),
        effective_moved=effective_n(w[one.moved]),
        refused=refused,
    )


def _check_thresholds(
    evidence: Mapping[str, BoundaryOutcomes],
    now: Mapping[str, float],
    candidate: Mapping[str, float],
) -> None:
    for tier in evidence:
        if tier not in now:
            raise EvidenceError(f"there is no present threshold for tier {tier!r}")
    for tier in candidate:
        if tier not in evidence:
            known = ", ".join(evidence) or "none"
            raise EvidenceError(f"the candidate names tier {tier!r}; there is evidence for {known}")
    for thresholds in (now, candidate):
        for tier, value in thresholds.items():
            if not 0 <= value <= 1:
                raise EvidenceError(f"{tier}'s threshold must lie in [0, 1], not {value}")
