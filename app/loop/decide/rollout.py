"""Rollout: watch a candidate policy on its share of sessions; complete it or take it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor, fits
from tierwatch.evaluation.rates.percent import percent
from tierwatch.loop.decide.approve import (
    cancel_rollout,
    expire_untested,
    finish_rollout,
    promised_rate,
    start_rollout,
)
from tierwatch.routing.policy import Policy
from tierwatch.store.policies import load_policy, lock_active
from tierwatch.store.proposals import proposals_in

# P(false rollback) over the pairs of one rollout is at most pairs / level: 1 %.
_FALSE_ROLLBACK = 0.01


@dataclass(frozen=True, slots=True)
class RolloutRules:
    """When a rollout ends.

    Attributes:
        share: share of sessions on the candidate.
        min_pairs: pairs of the changed tier, served under the candidate, needed to complete.
        tolerance: misroute rate that must not be exceeded, by tier.
        max_weight: declared cap on weights.
        quality: share of the top tier's quality that is to be kept; None without an objective.
            Only promises made for it count, as in `MonitorRules`.
    """

    share: float
    min_pairs: int
    tolerance: Mapping[str, float]
    max_weight: float
    quality: float | None = None


def rollout(*, engine: Engine, rules: RolloutRules) -> str | None:
    """Look at the running rollout and end it if its pairs allow; start the next one in line.

    A candidate is taken back as soon as its tier's misroute rate is shown to exceed what the
    proposal promised: the upper end of its prediction, or the tolerance where that is higher
    (a raise out of an alert may improve a tier without curing it). It completes once it has
    gathered enough pairs without that. What waits in line and was tested against another objective
    expires.

    Returns:
        ``completed``, ``rolled_back``, ``started``, or None when nothing moved.
    """
    with engine.begin() as connection:
        lock_active(connection)
        running = proposals_in(connection, "rolling_out", lock=True)
        if not running:
            expire_untested(connection, rules.quality)
            return "started" if start_rollout(connection, share=rules.share) else None
        proposal = running[0]
        candidate = load_policy(connection, proposal.candidate_version)
        pairs = _candidate_pairs(connection, proposal, candidate)
        promised = _promised(proposal, candidate, rules)
        monitor = MisrouteMonitor(
            promised, max(2.0, rules.min_pairs / _FALSE_ROLLBACK), rules.max_weight
        )
        for pair in pairs:
            if not fits([pair.weight], rules.max_weight):
                continue  # sampled under an earlier plan
            if monitor.update(pair.loss, pair.weight):
                why = (
                    f"misroute rate above the promised {percent(promised)}"
                    f" after {monitor.n} of its pairs"
                )
                cancel_rollout(connection, proposal, actor="tierwatch", why=why)
                return "rolled_back"
        if len(pairs) < rules.min_pairs:
            return None
        why = f"{len(pairs)} pairs within the promised {percent(promised)}"
        finish_rollout(connection, proposal, why=why)
        return "completed"


def _promised(proposal: Any, candidate: Policy | None, rules: RolloutRules) -> float:
    tier, misroute = proposal.tier, proposal.predicted["misroute"]
    tolerance = rules.tolerance.get(tier, 0.0)
    if rules.quality is not None and candidate is not None and "objective" in proposal.evidence:
        return candidate.tolerance(tier, tolerance, rules.quality)
    high = misroute["high"] if rules.quality is None else promised_rate(misroute)
    # Below 1 whatever was predicted: a monitor that tolerates everything watches nothing.
    return min(0.99, max(tolerance, high if high is not None else 0.0))


def _candidate_pairs(connection: Connection, proposal: Any, candidate: Policy | None) -> list[Any]:
    """Pairs that the changed threshold decided.

    Of one task type, or of the tier without the types that have a threshold of their own there.
    """
    by_task = {} if candidate is None else candidate.by_task
    apart = [task for task, changed in by_task.items() if proposal.tier in changed]
    return list(
        connection.execute(
            text(
                "select loss, weight from outcomes where policy_version = :version"
                " and tier = :tier and direction = 'up'"
                " and (task_type = :task_type or :task_type = 'all' and task_type <> all(:apart))"
                " order by id"
            ),
            {
                "version": proposal.candidate_version,
                "tier": proposal.tier,
                "task_type": proposal.task_type,
                "apart": apart,
            },
        )
    )
