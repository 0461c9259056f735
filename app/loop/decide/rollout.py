"""Rollout: watch a candidate policy on its share of sessions; complete it or take it back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, text

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor, fits
from tierwatch.evaluation.evidence.proposal_evidence import Prediction
from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence
from tierwatch.evaluation.rates.percent import percent
from tierwatch.loop.decide.candidate import (
    cancel_rollout,
    finish_rollout,
    promised_rate,
    start_rollout,
)
from tierwatch.loop.decide.expire import expire_untested
from tierwatch.loop.decide.left_alone import is_left_alone
from tierwatch.routing.policy import Policy
from tierwatch.store.policies import load_policy, lock_active
from tierwatch.store.proposals import Proposal, proposals_in

# P(false rollback) over the pairs of one rollout is at most pairs / level: 1 %.
_FALSE_ROLLBACK: Final = 0.01
# Below 1 whatever was predicted: a monitor that tolerates everything watches nothing.
_MOST_TOLERATED: Final = 0.99


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
    """Check the running rollout and end it if its pairs allow; start the next one in line.

    A candidate is taken back as soon as its tier's misroute rate is shown to exceed what the
    proposal promised: the upper end of its prediction, or the tolerance where that is higher
    (a raise out of an alert may improve a tier without curing it). It completes once it has
    gathered enough pairs without that. What waits in line and was tested against another objective
    expires. A rollout whose evidence this version cannot read is left as it is.

    Returns:
        ``completed``, ``rolled_back``, ``started``, or None when nothing moved.
    """
    with engine.begin() as connection:
        lock_active(connection)
        running = proposals_in(connection, "rolling_out", lock=True)
        if not running:
            expire_untested(connection, rules.quality)
            return "started" if start_rollout(connection, share=rules.share) else None
        return _end_or_go_on(connection, running[0], rules)


def _end_or_go_on(connection: Connection, proposal: Proposal, rules: RolloutRules) -> str | None:
    """End a running rollout if its pairs allow."""
    version = proposal.candidate_version
    candidate = None if version is None else load_policy(connection, version)
    promised = _promised(proposal, candidate, rules)
    if promised is None:
        return None
    pairs = _candidate_pairs(connection, proposal, candidate)
    after = pairs_until_shown_worse(pairs, promised, rules)
    if after is not None:
        why = f"misroute rate above the promised {percent(promised)} after {after} of its pairs"
        cancel_rollout(connection, proposal, actor="tierwatch", why=why)
        return "rolled_back"
    if len(pairs) < rules.min_pairs:
        return None
    why = f"{len(pairs)} pairs within the promised {percent(promised)}"
    finish_rollout(connection, proposal, why=why)
    return "completed"


@dataclass(frozen=True, slots=True)
class ServedPair:
    """A pair that the candidate served: its loss and its weight."""

    loss: float
    weight: float


def pairs_until_shown_worse(
    pairs: Sequence[ServedPair], promised: float, rules: RolloutRules
) -> int | None:
    """After how many pairs the misroute rate is shown to be above what was promised, or None.

    What was sampled under an earlier plan, with a weight above today's cap, does not count.

    >>> rules = RolloutRules(share=.2, min_pairs=100, tolerance={}, max_weight=1.0)
    >>> pairs_until_shown_worse([ServedPair(0.0, 1.0)] * 300, .1, rules) is None
    True
    >>> found = pairs_until_shown_worse([ServedPair(1.0, 1.0)] * 300, .1, rules)
    >>> found is not None and found < 20
    True
    """
    level = max(2.0, rules.min_pairs / _FALSE_ROLLBACK)
    monitor = MisrouteMonitor(promised, level, rules.max_weight)
    for pair in pairs:
        if fits([pair.weight], rules.max_weight) and monitor.update(pair.loss, pair.weight):
            return monitor.n
    return None


def _promised(proposal: Proposal, candidate: Policy | None, rules: RolloutRules) -> float | None:
    """The misroute rate to watch for; None where the proposal cannot be read."""
    predicted = proposal.predicted
    if is_left_alone(proposal) or not isinstance(predicted, Prediction):
        return None
    tier, tested = proposal.tier, isinstance(proposal.evidence, ObjectiveEvidence)
    tolerance = rules.tolerance.get(tier, 0.0)
    if rules.quality is not None and candidate is not None and tested:
        return candidate.tolerance(tier, tolerance, rules.quality)
    misroute = predicted.misroute
    high = misroute.high if rules.quality is None else promised_rate(misroute)
    if high is None or math.isinf(high):  # nothing is predicted, so nothing was promised
        return min(_MOST_TOLERATED, tolerance)
    return min(_MOST_TOLERATED, max(tolerance, high))


def _candidate_pairs(
    connection: Connection, proposal: Proposal, candidate: Policy | None
) -> list[ServedPair]:
    """Pairs that the changed threshold decided.

    Of one task type, or of the tier without the types that have a threshold of their own there.
    """
    by_task = {} if candidate is None else candidate.by_task
    apart = [task for task, changed in by_task.items() if proposal.tier in changed]
    rows = connection.execute(
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
    return [ServedPair(row.loss, row.weight) for row in rows]
