"""Objective: the share of the top tier's quality that all tiers together are to keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.config.file import Config
from tierwatch.evaluation.objectives.total_loss import total_loss
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.routing.policy import Policy
from tierwatch.store.judgements.boundary_evidence import routed_evidence

# The report reads pairs with each check: so many take a tenth of a second.
_REPORTED_PAIRS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Objective:
    """What all tiers together are to keep.

    Attributes:
        quality: share of the top tier's quality, in (0, 1).
        tiers: every tier but the top one, cheapest first.
        top: the top tier.
    """

    quality: float
    tiers: Sequence[str]
    top: str


def objective_of(config: Config) -> Objective | None:
    """What a configuration asks of all tiers together; None where each has its tolerance."""
    asked = config.evaluation.objective
    if asked is None:
        return None
    *tiers, top = (tier.name for tier in config.tiers)
    return Objective(asked.quality, tiers, top)


def quality_kept(
    connection: Connection, objective: Objective, policy: Policy, *, judge_version: str
) -> Estimate:
    """Share of the top tier's quality that a policy keeps, by the newest pairs: 1 - total loss.

    Of requests that the router decides about: not those pinned or held at a tier, nor the cache's.
    Above 1 where cheaper answers are better more often than worse.
    """
    found = routed_evidence(
        connection,
        objective.tiers,
        objective.top,
        judge_version=judge_version,
        classifier=policy.classifier,
        apart=policy.by_task,
        limit=_REPORTED_PAIRS,
    )
    if not found.ids:
        return Estimate(None, 0.0, 1.0, 0, "no data")
    thresholds = [policy.threshold(tier) for tier in objective.tiers]
    lost = total_loss(found.pairs, thresholds, max_weight=found.max_weight)
    value = None if lost.value is None else 1 - lost.value
    return Estimate(value, 1 - lost.high, 1 - lost.low, lost.n, f"judge's view, {lost.method}")
