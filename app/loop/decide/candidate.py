"""Candidate: start rolling a proposal out, complete it, or take it back."""

import secrets
from typing import Final

from sqlalchemy import Connection

from tierwatch.errors import ConflictError
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.loop.decide.expire import TYPES_GONE, expire_proposal, is_outdated, lost_its_types
from tierwatch.loop.decide.left_alone import is_left_alone
from tierwatch.routing.policy import Policy
from tierwatch.store.audit import add_audit
from tierwatch.store.learned.artefacts import add_model
from tierwatch.store.learned.type_versions import active_version
from tierwatch.store.policies import add_policy, load_policy, lock_active, next_version, set_active
from tierwatch.store.proposals import Proposal, proposals_in, put_end, put_rollout

# Of fewer pairs the upper end is so high that nothing would ever be above it: of 5, none bad, .52.
_FEWEST_PROMISED: Final = 30


def start_rollout(connection: Connection, *, share: float) -> int | None:
    """Start the oldest approved proposal, if nothing is being rolled out.

    The candidate is the stable policy of this moment with the proposal's threshold, and for a
    proposed model the stable model with its artefact, so two approvals in a row do not undo each
    other.

    Returns:
        The candidate's version, or None when nothing was started.
    """
    active = lock_active(connection)
    if active is None or active.candidate_version is not None:
        return None
    waiting = _waiting(connection, active.stable_version)
    if not waiting:
        return None
    proposal = waiting[0]
    stable = load_policy(connection, active.stable_version)
    if stable is None:
        raise ConflictError(f"policy {active.stable_version} is active but not stored")
    version = next_version(connection)
    add_policy(
        connection,
        _changed_policy(connection, stable, proposal, version),
        author=proposal.decided_by or "",
        reason=f"proposal {proposal.id}: {proposal.decided_why}",
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


def finish_rollout(connection: Connection, proposal: Proposal, *, why: str) -> None:
    """Make the candidate the policy of everybody."""
    active = lock_active(connection)
    candidate = proposal.candidate_version
    if active is None or candidate is None:
        raise ConflictError(f"proposal {proposal.id} is not being rolled out")
    set_active(connection, stable=candidate, candidate=None, share=0.0, salt=active.salt)
    put_end(connection, proposal.id, "active", why=why)
    add_audit(
        connection,
        actor="tierwatch",
        action="rollout.completed",
        subject=f"policy/{candidate}",
        proposal=proposal.id,
        why=why,
    )


def cancel_rollout(connection: Connection, proposal: Proposal, *, actor: str, why: str) -> None:
    """Take the candidate back; everybody is on the stable policy again."""
    active = lock_active(connection)
    if active is None:
        raise ConflictError(f"proposal {proposal.id} is not being rolled out")
    set_active(
        connection, stable=active.stable_version, candidate=None, share=0.0, salt=active.salt
    )
    put_end(connection, proposal.id, "rolled_back", why=why)
    add_audit(
        connection,
        actor=actor,
        action="rollout.rolled_back",
        subject=f"policy/{proposal.candidate_version}",
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


def _waiting(connection: Connection, stable_version: int) -> list[Proposal]:
    """Approved proposals that may be rolled out, oldest first; what no longer stands expires."""
    types_version = active_version(connection)
    waiting = []
    for approved in proposals_in(connection, "approved", lock=True):
        if is_left_alone(approved):
            continue
        if is_outdated(approved, stable_version):
            expire_proposal(connection, approved, why="another policy is active since")
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
