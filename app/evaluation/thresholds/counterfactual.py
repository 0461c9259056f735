"""What would another policy have done with the traffic of the past?

At a boundary between two tiers the answers of both are known for every pair, whichever tier served:
kept traffic was shadowed up, escalated traffic probed down. So any threshold can be scored on the
same pairs, each standing for 1 / pi requests, provided pairs were taken where it would decide
otherwise. Where they were not, `replay_policy` refuses and says where.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.estimation import (
    Estimate,
    Floats,
    checked_array,
    clopper_pearson,
    effective_n,
    unknown,
    weighted_rate,
)

Flags = NDArray[np.bool_]
OutcomeModel = Callable[[Floats], ArrayLike]

# A slice of confidence with fewer effective pairs bounds its misroute rate no better than to 10 %
# when none is seen (1 - .05 ** (1 / 30)).
MIN_EFFECTIVE = 30.0
# Overlap is asked for in slices of about this width: pairs at .7 tell nothing of traffic at .4.
_SLICE = 0.1
# With the traffic known, a slice with less than this share of it may lack pairs.
_NEGLIGIBLE = 0.01
_FOLDS = 5
# From this many losses on their own variance is believed, where it is below Kish's.
_FEW_LOSSES = 20
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class BoundaryOutcomes:
    """The pairs about one boundary, columns of shape (n,); of a conversation one row.

    Attributes:
        confidences: of the classifier in the lower tier, in [0, 1].
        losses: in [0, 1]; 1 where the lower tier's answer was materially worse, whichever served.
        inclusion: pi in (0, 1], the chance under which the pair was taken, direction included.
        lower_cost_usd: of the lower tier's answer.
        upper_cost_usd: of the upper tier's answer.
        traffic: confidences of *all* requests at this boundary, sampled or not (bins will do: their
            middles), for the doubly robust estimate; None if they are not known.
        traffic_counts: requests for each of those; None for one each.
    """

    confidences: ArrayLike
    losses: ArrayLike
    inclusion: ArrayLike
    lower_cost_usd: ArrayLike
    upper_cost_usd: ArrayLike
    traffic: ArrayLike | None = None
    traffic_counts: ArrayLike | None = None


@dataclass(frozen=True, slots=True)
class BoundaryReplay:
    """One boundary under the candidate's threshold.

    Attributes:
        tier: the lower tier.
        threshold_now: in force.
        threshold: the candidate's.
        kept: share of this boundary's requests that the candidate keeps.
        misroute: misroute rate among those, by Hajek weights.
        misroute_robust: the same, doubly robust; unknown when the traffic is not known.
        misroute_now: the rate at the present threshold, by Hajek weights.
        misroutes_change: change of misroutes per request of this boundary.
        cost_change: relative to what this boundary's requests cost now.
        effective: effective pairs among those the candidate keeps.
        effective_moved: effective pairs among those it decides otherwise than now.
        refused: where overlap is missing, or None. Then the candidate's estimates are unknown.
    """

    tier: str
    threshold_now: float
    threshold: float
    kept: Estimate
    misroute: Estimate
    misroute_robust: Estimate
    misroute_now: Estimate
    misroutes_change: Estimate
    cost_change: Estimate
    effective: float
    effective_moved: float
    refused: str | None

    @property
    def overlap_ok(self) -> bool:
        """Whether there are pairs wherever the candidate decides otherwise."""
        return self.refused is None


@dataclass(frozen=True, slots=True)
class Replay:
    """A candidate policy scored on past outcomes.

    Attributes:
        boundaries: one a tier, in the order given.
        quality_change: change of the share of all requests that are not misrouted.
        cost_change: relative to what all requests cost now.
        refused: each boundary's reason, joined; None when there is overlap everywhere.
    """

    boundaries: tuple[BoundaryReplay, ...]
    quality_change: Estimate
    cost_change: Estimate
    refused: str | None


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

    With w = 1 / pi and k = 1 where the candidate keeps the pair (confidence >= its threshold), the
    misroute rate is Hajek's (1971)

        H = sum(w k x) / sum(w k)

    with Korn and Graubard's interval (1998): Clopper-Pearson on n* = H (1 - H) / V pairs, V being
    the linearised variance ``sum((w k (x - H))^2) / sum(w k)^2``, but with fewer than 20 losses on
    no more than Kish's n.
    Where the traffic is known (``traffic``), the doubly robust estimate (AIPW; Robins, Rotnitzky
    and Zhao 1994) is

        D = mean of m over the kept traffic + sum(w k (x - m)) / sum(w k)

    m being ``models[tier]``, or a falling step function of confidence fitted by isotonic regression
    on the other folds (cross-fitting, Chernozhukov et al. 2018). It is right when pi or m is, and
    tighter than H the better m is; with a few losses its interval may be a tenth wider instead.

    Weights are never capped. A pair with a tiny pi makes the effective number of pairs small, and
    is seen there. Where the candidate would decide otherwise than now, each slice of about a tenth
    of confidence must have ``min_effective`` effective pairs, or the boundary is refused: nothing
    is extrapolated. Where the traffic is known, a slice with less than 1 % of it is let pass.

    The whole counts every request once: those that each tier keeps now, and those the last boundary
    escalates. Changes of boundaries are added as if each stood alone, with intervals combined by
    MOVER (Zou and Donner 2008).

    Not guaranteed: anything when a recorded pi is not the true one; requests two tiers up, which
    were not compared with this boundary's lower tier; that a middle tier's traffic stays as it is
    when a threshold below moves; judge error (losses are the judge's); pairs of one conversation
    taken as independent; a candidate picked as the best of many on these same pairs is flattered.

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
        _checked(
            tier, outcomes, thresholds_now[tier], thresholds_candidate.get(tier), min_effective
        )
        for tier, outcomes in evidence.items()
    ]
    rng = np.random.default_rng(seed)
    boundaries = tuple(_boundary(one, (models or {}).get(one.tier), level, rng) for one in columns)
    refused = "; ".join(f"{one.tier}: {one.refused}" for one in columns if one.refused) or None
    if refused is not None:
        nothing = unknown(refused, low=-1.0)
        return Replay(boundaries, nothing, unknown(refused, low=-1.0, high=math.inf), refused)
    return Replay(
        boundaries, _quality_change(columns, boundaries), _cost_change(columns, level), None
    )


@dataclass(frozen=True, slots=True)
class _Columns:
    """One boundary's checked columns; a weight is the number of requests its pair stands for."""

    tier: str
    now: float
    candidate: float
    c: Floats
    x: Floats
    w: Floats
    lower: Floats
    upper: Floats
    traffic: Floats | None
    counts: Floats
    refused: str | None

    def kept(self, threshold: float) -> Flags:
        return np.greater_equal(self.c, threshold)

    @property
    def moved(self) -> Flags:
        return np.not_equal(self.kept(self.now), self.kept(self.candidate))

    @property
    def sign(self) -> int:
        """+1 when the candidate keeps more."""
        return 1 if self.candidate < self.now else -1


def _boundary(
    one: _Columns, model: OutcomeModel | None, level: float, rng: np.random.Generator
) -> BoundaryReplay:
    kept, w = one.kept(one.candidate), one.w
    before = one.kept(one.now)
    moved_losses = np.where(one.moved, one.x, 0.0)
    if one.refused is None:
        share = _kept_share(one, level)
        misroute = _hajek(one.x[kept], w[kept], level)
        robust = _robust(one, model, level, rng)
        change = _signed(_hajek(moved_losses, w, level), one.sign)
        cost = _cost_change([one], level, last_only=False)
    else:
        share = misroute = robust = unknown(one.refused)
        change = unknown(one.refused, low=-1.0)
        cost = unknown(one.refused, low=-1.0, high=math.inf)
    if one.now == one.candidate:
        change = Estimate(0.0, 0.0, 0.0, int(one.c.size), "the threshold does not change")
    return BoundaryReplay(
        tier=one.tier,
        threshold_now=one.now,
        threshold=one.candidate,
        kept=share,
        misroute=misroute,
        misroute_robust=robust,
        misroute_now=_hajek(one.x[before], w[before], level),
        misroutes_change=change,
        cost_change=cost,
        effective=effective_n(w[kept]),
        effective_moved=effective_n(w[one.moved]),
        refused=one.refused,
    )


def _hajek(x: Floats, w: Floats, level: float) -> Estimate:
    if x.size == 0:
        return unknown()
    value = min(1.0, float(w @ x / w.sum()))
    n = _effective(value, _linearised(x - value, w), _most(x, w))
    low, high = clopper_pearson(value * n, n, level)
    method = f"Hajek weights, Korn-Graubard, {n:.0f} effective pairs"
    return Estimate(value, low, high, int(x.size), method)


def _linearised(residuals: Floats, w: Floats) -> float:
    """Variance of ``sum(w r) / sum(w)`` about its mean, with n - 1 degrees of freedom."""
    n = residuals.size
    parts = w * (residuals - w @ residuals / w.sum()) / w.sum()
    return float(parts @ parts) * n / (n - 1) if n > 1 else 0.0


def _effective(value: float, variance: float, most: float) -> float:
    """The binomial sample of that variance; ``most`` where nothing varies."""
    return min(most, value * (1 - value) / variance) if variance > 0 else most


def _most(x: Floats, w: Floats) -> float:
    """Effective pairs at most; of a few losses the weights, and so the variance, say little."""
    return effective_n(w) if np.count_nonzero(x) < _FEW_LOSSES else float(x.size)


def _kept_share(one: _Columns, level: float) -> Estimate:
    if one.traffic is not None:
        total = float(one.counts.sum())
        share = float(one.counts @ (one.traffic >= one.candidate)) / total
        return Estimate(share, share, share, round(total), "all traffic counted")
    return weighted_rate(one.kept(one.candidate), one.w, level=level)


def _robust(
    one: _Columns, model: OutcomeModel | None, level: float, rng: np.random.Generator
) -> Estimate:
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
    variance = _linearised(residuals, w) + spread / float(counts.sum())
    n = _effective(value, variance, _most(one.x[kept], w))
    low, high = clopper_pearson(value * n, n, level)
    method = f"doubly robust, {name}, {n:.0f} effective pairs"
    return Estimate(value, low, high, int(kept.sum()), method)


def _predicted(model: OutcomeModel, confidences: Floats) -> Floats:
    return checked_array(
        model(confidences), "predictions of the outcome model", low=0, high=1, size=confidences.size
    )


def _cross_fitted(
    one: _Columns, traffic: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
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


def _cost_change(columns: Sequence[_Columns], level: float, *, last_only: bool = True) -> Estimate:
    """Ratio of the change to the cost now, linearised; each request's cost counted once.

    A request that a boundary escalates is kept by a boundary further up, and counted there, but for
    the last that anybody came to. ``last_only=False`` is for a boundary by itself.
    """
    pairs = sum(int(one.c.size) for one in columns)
    if all(one.now == one.candidate for one in columns):
        return Estimate(0.0, 0.0, 0.0, pairs, "the threshold does not change")
    changes, costs = [], []
    for place, one in enumerate(columns):
        kept_now, kept_then = one.kept(one.now), one.kept(one.candidate)
        counted = not last_only or place == _last(columns)
        changes.append(one.w * (kept_then.astype(float) - kept_now) * (one.lower - one.upper))
        costs.append(one.w * np.where(kept_now, one.lower, one.upper if counted else 0.0))
    total = float(sum(cost.sum() for cost in costs))
    if total == 0:
        return unknown("this traffic costs nothing now", low=-1.0, high=math.inf)
    value = float(sum(change.sum() for change in changes)) / total
    variance = 0.0
    for change, cost in zip(changes, costs, strict=True):
        if change.size == 0:
            continue  # a boundary nobody has come to yet
        parts = (change - value * cost) / total
        variance += parts.size * float(parts.var()) * parts.size / max(1, parts.size - 1)
    n = sum(effective_n(one.w) for one in columns)
    half = float(special.stdtrit(max(1.0, n - 1), (1 + level) / 2)) * math.sqrt(variance)
    method = f"ratio of Hajek totals, linearised, {n:.0f} effective pairs"
    return Estimate(value, min(value, max(-1.0, value - half)), value + half, pairs, method)


def _quality_change(columns: Sequence[_Columns], boundaries: Sequence[BoundaryReplay]) -> Estimate:
    requests = sum(
        float(one.w @ (one.kept(one.now) | (place == _last(columns))))
        for place, one in enumerate(columns)
    )
    pairs = sum(int(one.c.size) for one in columns)
    if requests == 0:
        return unknown("no pairs", low=-1.0)
    value, down, up = 0.0, 0.0, 0.0
    for one, found in zip(columns, boundaries, strict=True):
        change = found.misroutes_change
        if change.value is None:
            return unknown(f"{one.tier}: {change.method}", low=-1.0)
        share = float(one.w.sum()) / requests
        value -= share * change.value
        down += (share * (change.high - change.value)) ** 2
        up += (share * (change.value - change.low)) ** 2
    low, high = max(-1.0, value - math.sqrt(down)), min(1.0, value + math.sqrt(up))
    return Estimate(value, low, high, pairs, "Hajek totals of all boundaries, MOVER")


def _last(columns: Sequence[_Columns]) -> int:
    """Place of the last boundary with pairs."""
    return max((place for place, one in enumerate(columns) if one.c.size), default=0)


def _signed(share: Estimate, sign: int) -> Estimate:
    if share.value is None:
        return unknown(share.method, low=-1.0)
    if sign > 0:
        return share
    return Estimate(-share.value, -share.high, -share.low, share.n, share.method)


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


def _checked(
    tier: str,
    outcomes: BoundaryOutcomes,
    now: float,
    candidate: float | None,
    min_effective: float,
) -> _Columns:
    c = checked_array(outcomes.confidences, "confidences", low=0, high=1)
    n = c.size
    pi = checked_array(outcomes.inclusion, "inclusion probabilities", low=0, high=1, size=n)
    # 1 / pi must stay finite when squared and summed.
    if n and pi.min() < np.finfo(np.float64).tiny ** 0.25:
        raise EvidenceError("an inclusion probability must be above 0: such a pair is never taken")
    top = 1e12
    lower, upper = (
        checked_array(cost, name, low=0, high=top, size=n)
        for cost, name in (
            (outcomes.lower_cost_usd, "costs of the lower tier"),
            (outcomes.upper_cost_usd, "costs of the upper tier"),
        )
    )
    traffic, counts = None, np.zeros(0)
    if outcomes.traffic is not None:
        traffic = checked_array(outcomes.traffic, "traffic's confidences", low=0, high=1)
        counts = np.ones(traffic.size)
        if outcomes.traffic_counts is not None:
            counts = checked_array(
                outcomes.traffic_counts, "counts of traffic", low=0, high=top, size=traffic.size
            )
        if counts.sum() == 0:
            traffic = None
    elif outcomes.traffic_counts is not None:
        raise EvidenceError("counts of traffic were given without its confidences")
    w = 1 / pi
    then = now if candidate is None else candidate
    columns = _Columns(
        tier=tier,
        now=now,
        candidate=then,
        c=c,
        x=checked_array(outcomes.losses, "losses", low=0, high=1, size=n),
        w=w,
        lower=lower,
        upper=upper,
        traffic=traffic,
        counts=counts,
        refused=None,
    )
    return replace(columns, refused=_missing_overlap(columns, min_effective))


def _missing_overlap(one: _Columns, min_effective: float) -> str | None:
    """Say which part of the region that changes hands has too few pairs."""
    start, end = sorted((one.now, one.candidate))
    slices = max(1, round((end - start) / _SLICE)) if end > start else 0
    edges = np.linspace(start, end, slices + 1)
    thin = []
    for low, high in itertools.pairwise(edges.tolist()):
        if one.traffic is not None:
            inside = _between(one.traffic, low, high)
            if one.counts @ inside < _NEGLIGIBLE * one.counts.sum():
                continue
        n = effective_n(one.w[_between(one.c, low, high)])
        if n < min_effective * (1 - _ROUNDING):
            thin.append(f"{n:.0f} effective pairs at confidence {low:.2f} to {high:.2f}")
    if not thin:
        return None
    return f"{', '.join(thin)}, and {min_effective:.0f} are needed"


def _between(confidences: Floats, low: float, high: float) -> Flags:
    """Whether they are in [low, high), a threshold in decimals being met by its own decimals."""
    return np.less(low - _ROUNDING, confidences) & np.less(confidences, high - _ROUNDING)
