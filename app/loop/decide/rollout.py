"""Rollout: try the next approved proposal on a share of sessions; complete it or take it back."""

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, text

from tierwatch.errors import ConflictError
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor, fits
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.proposal_evidence import Prediction
from tierwatch.evaluation.evidence.replacement_evidence import ReplacementEvidence
from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.rates.percent import percent
from tierwatch.loop.compare.trust import distrust
from tierwatch.loop.decide.end import (
    TYPES_GONE,
    cancel_rollout,
    expire_proposal,
    expire_untested,
    is_outdated,
    lost_its_types,
)
from tierwatch.loop.decide.replacement import (
    replaced_policy,
    replacement_pairs,
    replaces_another,
)
from tierwatch.loop.decide.unreadable import is_unreadable
from tierwatch.routing.policy import Policy
from tierwatch.store.audit import add_audit
from tierwatch.store.learned.artefacts import add_model
from tierwatch.store.learned.type_versions import active_version
from tierwatch.store.policies import add_policy, load_policy, lock_active, next_version, set_active
from tierwatch.store.proposals import Proposal, proposals_in, put_end, put_rollout
from tierwatch.store.watched.router_changes import unapplied

# P(false rollback) over the pairs of one rollout is at most pairs / level: 1 %.
_FALSE_ROLLBACK: Final = 0.01
# Below 1 whatever was predicted: a monitor that tolerates everything watches nothing.
_MOST_TOLERATED: Final = 0.99
# And above 0: of a model that was never seen to be worse the next pair may be.
_LEAST_TOLERATED: Final = 0.01
# Of fewer pairs the upper end is so high that nothing would ever be above it: of 5, none bad, .52.
_FEWEST_PROMISED: Final = 30


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
    expires. A rollout whose evidence this version cannot read is left as it is. While the judge is
    not trusted (`compare.trust`) none completes and none starts from the line, for its verdicts
    show nothing; taking back stays possible.

    Returns:
        ``completed``, ``rolled_back``, ``started``, or None when nothing moved.
    """
    with engine.begin() as connection:
        lock_active(connection)
        running = proposals_in(connection, "rolling_out", lock=True)
        if not running:
            expire_untested(connection, rules.quality)
            if distrust(connection):
                return None
            return "started" if start_rollout(connection, share=rules.share) else None
        return _end_or_go_on(connection, running[0], rules)


def _end_or_go_on(connection: Connection, proposal: Proposal, rules: RolloutRules) -> str | None:
    """End a running rollout if its pairs allow."""
    version = proposal.candidate_version
    candidate = None if version is None else load_policy(connection, version)
    promised = promised_limit(proposal, candidate, rules)
    if promised is None:
        return None
    pairs = candidate_pairs(connection, proposal, candidate)
    after = pairs_until_shown_worse(pairs, promised, rules)
    if after is not None:
        why = f"misroute rate above the promised {percent(promised)} after {after} of its pairs"
        cancel_rollout(connection, proposal, actor="tierwatch", why=why)
        return "rolled_back"
    if len(pairs) < rules.min_pairs or distrust(connection):
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
    monitor = rollout_monitor(promised, rules)
    for pair in pairs:
        if fits([pair.weight], rules.max_weight) and monitor.update(pair.loss, pair.weight):
            return monitor.n
    return None


def rollout_monitor(promised: float, rules: RolloutRules) -> MisrouteMonitor:
    """The monitor that a rollout's pairs are given, before the first of them."""
    level = max(2.0, rules.min_pairs / _FALSE_ROLLBACK)
    return MisrouteMonitor(promised, level, rules.max_weight)


def promised_limit(
    proposal: Proposal, candidate: Policy | None, rules: RolloutRules
) -> float | None:
    """The misroute rate to watch for; None where the proposal cannot be read."""
    predicted = proposal.predicted
    if is_unreadable(proposal) or not isinstance(predicted, Prediction):
        return None
    tier, tested = proposal.tier, isinstance(proposal.evidence, ObjectiveEvidence)
    tolerance = rules.tolerance.get(tier, 0.0)
    if isinstance(proposal.evidence, ReplacementEvidence):
        return min(_MOST_TOLERATED, max(tolerance, proposal.evidence.promised, _LEAST_TOLERATED))
    if rules.quality is not None and candidate is not None and tested:
        return candidate.tolerance(tier, tolerance, rules.quality)
    misroute = predicted.misroute
    high = misroute.high if rules.quality is None else promised_rate(misroute)
    # What a person lowers may be foreseen to be worse than is tolerated; that is no promise.
    foreseen_only = proposal.by_a_person and proposal.direction == "lower"
    # Nothing is predicted, so nothing was promised; without a pair the end of its interval is 1.
    if misroute.value is None or high is None or math.isinf(high) or foreseen_only:
        return min(_MOST_TOLERATED, max(tolerance, _LEAST_TOLERATED))
    return min(_MOST_TOLERATED, max(tolerance, high))


def candidate_pairs(
    connection: Connection, proposal: Proposal, candidate: Policy | None
) -> list[ServedPair]:
    """Pairs that the changed threshold decided.

    Of one task type, or of the tier without the types that have a threshold of their own there.
    """
    if isinstance(proposal.evidence, ReplacementEvidence) and candidate is not None:
        served = replacement_pairs(connection, proposal, candidate)
        return [ServedPair(loss, weight) for loss, weight in served]
    by_task = {} if candidate is None else candidate.by_task
    apart = [task for task, changed in by_task.items() if proposal.tier in changed]
    rows = connection.execute(
        text(
            "select loss, weight * case when :task_type = 'all' then tier_density else density end"
            " as weight from outcomes where policy_version = :version"
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


def start_rollout(connection: Connection, *, share: float, only: int | None = None) -> int | None:
    """Start the oldest approved proposal, if nothing is being rolled out.

    The candidate is the stable policy of this moment with the proposal's threshold, for a proposed
    classifier the stable one with its artefact, and for a proposed model of a tier with that model,
    so two approvals in a row do not undo each other. What a watched router has to apply first is
    passed over until it has.

    Args:
        connection: in the caller's transaction.
        share: of sessions.
        only: the proposal to start; None starts the oldest.

    Returns:
        The candidate's version, or None when nothing was started.
    """
    active = lock_active(connection)
    if active is None or active.candidate_version is not None:
        return None
    stable = load_policy(connection, active.stable_version)
    if stable is None:
        raise ConflictError(f"policy {active.stable_version} is active but not stored")
    if stable.drained:  # its pairs would be of another ladder; it waits for the drain's end
        return None
    found = _waiting(connection, stable)
    waiting = [one for one in found if only in {None, one.id}]
    if not waiting:
        return None
    proposal = waiting[0]
    version = next_version(connection)
    add_policy(
        connection,
        _changed_policy(connection, stable, proposal, version),
        author=proposal.decided_by or "",
        reason=f"proposal {proposal.id}: {proposal.decided_why}",
        base=stable.version,
    )
    # A fresh salt: the sessions that tried the last candidate are not always the same ones.
    set_active(
        connection,
        stable=stable.version,
        candidate=version,
        share=share,
        salt=secrets.token_hex(8),
    )
    put_rollout(connection, proposal.id, version)
    add_audit(
        connection,
        actor="tierwatch",
        action="rollout.started",
        subject=f"policy/{version}",
        proposal=proposal.id,
        share=share,
    )
    return version


def finish_rollout(
    connection: Connection, proposal: Proposal, *, why: str, actor: str = "tierwatch"
) -> None:
    """Make the candidate the policy of everybody."""
    active = lock_active(connection)
    candidate = proposal.candidate_version
    if active is None or candidate is None:
        raise ConflictError(f"proposal {proposal.id} is not being rolled out")
    set_active(connection, stable=candidate, candidate=None, share=0.0, salt=active.salt)
    put_end(connection, proposal.id, "active", why=why)
    add_audit(
        connection,
        actor=actor,
        action="rollout.completed",
        subject=f"policy/{candidate}",
        proposal=proposal.id,
        why=why,
    )


def promised_rate(misroute: Estimate) -> float | None:
    """The misroute rate that may be promised of a tier: the upper end of what is predicted.

    Returns:
        The rate, or None where it rests on too few pairs to promise anything.

    >>> promised_rate(Estimate(0.02, 0.01, 0.04, 300, "Hajek"))
    0.04
    >>> promised_rate(Estimate(0.0, 0.0, 0.52, 5, "Hajek")) is None
    True
    """
    known = misroute.value is not None and misroute.n >= _FEWEST_PROMISED
    return misroute.high if known else None


def _waiting(connection: Connection, stable: Policy) -> list[Proposal]:
    """Approved proposals that may be rolled out, oldest first; what no longer stands expires."""
    types_version = active_version(connection)
    waiting = []
    elsewhere = unapplied(connection)
    for approved in proposals_in(connection, "approved", lock=True):
        if is_unreadable(approved) or approved.id in elsewhere:
            continue
        if is_outdated(approved, stable.version):
            expire_proposal(connection, approved, why="another policy is active since")
        elif replaces_another(approved, stable):
            expire_proposal(connection, approved, why="another model serves the tier since")
        elif lost_its_types(approved, types_version):
            expire_proposal(connection, approved, why=TYPES_GONE)
        else:
            waiting.append(approved)
    return waiting


def _changed_policy(
    connection: Connection, stable: Policy, proposal: Proposal, version: int
) -> Policy:
    """The stable policy with what a proposal changes, and with what that promises."""
    tier, evidence = proposal.tier, proposal.evidence
    if isinstance(evidence, ReplacementEvidence):
        return replaced_policy(stable, tier, evidence, version)
    if proposal.artefact_id is None:
        changed = stable.with_threshold(
            tier, proposal.to_threshold, version=version, task_type=proposal.task_type
        )
        if not isinstance(evidence, ObjectiveEvidence):
            return changed
        return changed.with_promises(evidence.promised, quality=evidence.objective.quality)
    model = add_model(connection, stable.classifier, tier, proposal.artefact_id)
    changed = stable.with_model(model, tier, proposal.to_threshold, version=version)
    if isinstance(proposal.predicted, Unreadable):
        return changed
    high = promised_rate(proposal.predicted.misroute)
    # Under an objective something was promised of the tier; now it is what is predicted.
    if tier not in stable.promised or high is None:
        return changed
    return changed.with_promises({**changed.promised, tier: high}, quality=stable.promised_for)
