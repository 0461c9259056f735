"""How cost and quality change when thresholds do, each request counted once."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from tierwatch.evaluation.counterfactual.boundary_outcomes import Columns
from tierwatch.evaluation.counterfactual.boundary_replay import BoundaryReplay
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.weighted import effective_n


def cost_change(columns: Sequence[Columns], level: float, *, last_only: bool = True) -> Estimate:
    """Ratio of the change to the cost now, linearised; each request's cost counted once.

    A request that a boundary escalates is kept by a boundary further up, and counted there, but for
    the last that anybody came to. ``last_only=False`` is for a boundary by itself. See
    docs/statistics.md, "Counterfactual replay".
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


def quality_change(columns: Sequence[Columns], boundaries: Sequence[BoundaryReplay]) -> Estimate:
    """Change of the share of all requests that are not misrouted.

    Each request counts once: those that each tier keeps now, and those the last boundary escalates.
    Changes of boundaries are added as if each stood alone, with intervals combined by MOVER (Zou
    and Donner 2008). See docs/statistics.md, "Counterfactual replay".
    """
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


def _last(columns: Sequence[Columns]) -> int:
    """Place of the last boundary with pairs."""
    return max((place for place, one in enumerate(columns) if one.c.size), default=0)
