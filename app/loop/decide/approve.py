"""Approve: a person's (or the stated mode's) decision on a proposal, and its way back."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, func

from tierwatch.errors import ConflictError, UsageError
from tierwatch.routing.policy import Policy
from tierwatch.store.audit import add_audit
from tierwatch.store.learned.artefacts import add_model
from tierwatch.store.learned.type_versions import active_version
from tierwatch.store.policies import (
    add_policy,
    load_policy,
    lock_active,
    next_version,
    set_active,
)
from tierwatch.store.proposals import load_proposal, proposals_in, set_proposal

# Share of sessions a new policy gets first.
DEFAULT_SHARE = 0.2
# Of fewer pairs the upper end is so high that nothing would ever be above it: of 5, none bad, .52.
_FEWEST_PROMISED = 30
TYPES_GONE: Final = "the task types its offsets are for are no longer in force"


def approve_proposal(
    connection: Connection, proposal_id: int, *, actor: str, why: str, share: float = DEFAULT_SHARE
) -> int | None:
    """Approve a proposal; its rollout starts at once unless another one is running.

    Args:
        connection: inside the caller's transaction.
        proposal_id: an open proposal.
        actor: who decides.
        why: the reason, for the audit.
        share: share of sessions to start with, in (0, 1].

    Returns:
        The new policy version, or None while another rollout has to end first.

    Raises:
        UsageError: no reason given.
        ConflictError: there is no such proposal, it was decided before, or it was tested beside
            thresholds that are no longer in force.
    """
    active, proposal = lock_active(connection), load_proposal(connection, proposal_id, lock=True)
    if proposal is not None and proposal.state == "open" and active is not None:
        _require_current(proposal, active.stable_version)
    _decide(connection, proposal_id, "approved", actor=actor, why=why)
    return start_rollout(connection, share=share)


def reject_proposal(connection: Connection, proposal_id: int, *, actor: str, why: str) -> None:
    """Reject a proposal.

    Raises:
        UsageError: no reason given.
        ConflictError: there is no such proposal, or it was decided before.
    """
    _decide(connection, proposal_id, "rejected", actor=actor, why=why)
    set_proposal(connection, proposal_id, ended_at=func.now(), ended_why="rejected")


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
    types_version = active_version(connection)
    waiting = []
    for approved in proposals_in(connection, "approved", lock=True):
        if outdated(approved, active.stable_version):
            expire_proposal(connection, approved, why="another policy is in force since")
        elif lost_its_types(approved, types_version):
            expire_proposal(connection, approved, why=TYPES_GONE)
        else:
            waiting.append(approved)
    if not waiting:
        return None
    proposal = waiting[0]
    stable = load_policy(connection, active.stable_version)
    if stable is None:
        raise ConflictError(f"policy {active.stable_version} is in force but not stored")
    version = next_version(connection)
    candidate = _candidate(connection, stable, proposal, version)
    add_policy(
        connection,
        candidate,
        author=proposal.decided_by,
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
    set_proposal(connection, proposal.id, state="rolling_out", candidate_version=version)
    add_audit(
        connection,
        actor="tierwatch",
        action="rollout.started",
        subject=f"policy/{version}",
        proposal=proposal.id,
        share=share,
    )
    return version


def _candidate(connection: Connection, stable: Policy, proposal: Any, version: int) -> Policy:
    tier = proposal.tier
    if proposal.kind == "threshold":
        changed = stable.with_threshold(
            tier, proposal.to_threshold, version=version, task_type=proposal.task_type
        )
        told = proposal.evidence.get("objective")
        if told is None:
            return changed
        return changed.with_promises(proposal.evidence["promised"], quality=told["quality"])
    model = add_model(connection, stable.classifier, tier, proposal.artefact_id)
    changed = stable.with_model(model, tier, proposal.to_threshold, version=version)
    high = promised_rate(proposal.predicted["misroute"])
    # Under an objective something was promised of the tier; now it is what is predicted.
    if tier not in stable.promised or high is None:
        return changed
    return changed.with_promises({**changed.promised, tier: high}, quality=stable.promised_for)


def promised_rate(misroute: Mapping[str, Any]) -> float | None:
    """The misroute rate that may be promised of a tier: the upper end of what is predicted.

    Args:
        misroute: the prediction, an `Estimate` as JSON.

    Returns:
        The rate, or None where it rests on too few pairs to promise anything.
    """
    known = misroute["value"] is not None and misroute["n"] >= _FEWEST_PROMISED
    return float(misroute["high"]) if known else None


def finish_rollout(connection: Connection, proposal: Any, *, why: str) -> None:
    """Put the candidate in force for everybody."""
    active = lock_active(connection)
    set_active(
        connection,
        stable=proposal.candidate_version,
        candidate=None,
        share=0.0,
        salt=active.salt,
    )
    set_proposal(connection, proposal.id, state="active", ended_at=func.now(), ended_why=why)
    add_audit(
        connection,
        actor="tierwatch",
        action="rollout.completed",
        subject=f"policy/{proposal.candidate_version}",
        proposal=proposal.id,
        why=why,
    )


def cancel_rollout(connection: Connection, proposal: Any, *, actor: str, why: str) -> None:
    """Take the candidate back; everybody is on the stable policy again."""
    active = lock_active(connection)
    set_active(
        connection, stable=active.stable_version, candidate=None, share=0.0, salt=active.salt
    )
    set_proposal(connection, proposal.id, state="rolled_back", ended_at=func.now(), ended_why=why)
    add_audit(
        connection,
        actor=actor,
        action="rollout.rolled_back",
        subject=f"policy/{proposal.candidate_version}",
        proposal=proposal.id,
        why=why,
    )


def withdraw_loosening(connection: Connection, tier: str, *, why: str) -> None:
    """Take back what would loosen a tier or change its model.

    Their evidence is from before the tier got worse. What was tested beside the tier, under an
    objective, is taken back with it; answers of the cache are no tier's of those.
    """
    lock_active(connection)  # before proposals, as everywhere: two orders would be a deadlock
    for proposal in proposals_in(connection, "open", "approved", "rolling_out", lock=True):
        loosens = proposal.direction == "lower" or proposal.kind == "model"
        tested = proposal.evidence.get("objective", {}).get("kept_now", {})
        concerns = proposal.tier == tier or tier in tested
        if not (concerns and loosens):
            continue
        if proposal.state == "rolling_out":
            cancel_rollout(connection, proposal, actor="tierwatch", why=why)
            continue
        expire_proposal(connection, proposal, why=why)


def outdated(proposal: Any, stable_version: int) -> bool:
    """Whether a proposal was tested beside other tiers' thresholds than those in force.

    What tiers lose adds up, so under an objective its evidence is then about another policy.
    """
    return "objective" in proposal.evidence and proposal.base_version != stable_version


def lost_its_types(proposal: Any, types_version: int) -> bool:
    """Whether a proposed model has offsets for other task types than those in force.

    They would be 0: it would decide otherwise than it was measured.
    """
    offsets = proposal.evidence.get("type_offsets", {})
    return bool(offsets.get("by_type")) and offsets["types_version"] != types_version


def expire_untested(connection: Connection, quality: float | None) -> None:
    """Close proposals of thresholds that were not tested against what is asked now.

    Those that are open, and those approved that wait in line.

    Args:
        connection: inside the caller's transaction.
        quality: share of the top tier's quality that all tiers are to keep; None where each tier
            has a tolerance of its own.
    """
    active = lock_active(connection)
    if active is None:
        return
    for proposal in proposals_in(connection, "open", "approved", lock=True):
        if proposal.kind != "threshold":
            continue
        tested = proposal.evidence.get("objective", {}).get("quality")
        if tested != quality:
            other = "no objective" if quality is None else "another objective"
            expire_proposal(connection, proposal, why=f"{other} is configured since")
        elif outdated(proposal, active.stable_version):
            expire_proposal(connection, proposal, why="another policy is in force since")


def expire_proposal(
    connection: Connection, proposal: Any, *, why: str, actor: str = "tierwatch"
) -> None:
    """Close a proposal that waits; its evidence no longer stands."""
    set_proposal(connection, proposal.id, state="expired", ended_at=func.now(), ended_why=why)
    add_audit(
        connection,
        actor=actor,
        action="proposal.expired",
        subject=f"proposal/{proposal.id}",
        why=why,
    )


def _require_current(proposal: Any, stable_version: int) -> None:
    if outdated(proposal, stable_version):
        raise ConflictError(
            f"proposal {proposal.id} was tested beside the thresholds of policy"
            f" {proposal.base_version}, and policy {stable_version} is in force; the next retune"
            " tests all tiers again"
        )


def roll_back_to(connection: Connection, version: int, *, actor: str, why: str) -> int:
    """Put an earlier policy's thresholds and model in force for everybody, as a new version.

    A running rollout is taken back in the same step.

    Returns:
        The new version.

    Raises:
        UsageError: no reason given.
        ConflictError: there is no such policy, or it is in force already.
    """
    _require_reason(why)
    active = lock_active(connection)
    earlier = load_policy(connection, version)
    if active is None or earlier is None:
        raise ConflictError(f"there is no policy {version}")
    if version == active.stable_version and active.candidate_version is None:
        raise ConflictError(f"policy {version} is in force already")
    for proposal in proposals_in(connection, "rolling_out", lock=True):
        cancel_rollout(connection, proposal, actor=actor, why=why)
    if version == active.stable_version:
        return version
    new = next_version(connection)
    add_policy(
        connection,
        replace(earlier, version=new),
        author=actor,
        reason=f"back to policy {version}: {why}",
    )
    set_active(connection, stable=new, candidate=None, share=0.0, salt=active.salt)
    for proposal in proposals_in(connection, "active", lock=True):
        if proposal.candidate_version is not None and proposal.candidate_version > version:
            set_proposal(
                connection, proposal.id, state="rolled_back", ended_at=func.now(), ended_why=why
            )
    add_audit(
        connection,
        actor=actor,
        action="policy.rolled_back",
        subject=f"policy/{new}",
        why=why,
        to=version,
    )
    return new


def _decide(connection: Connection, proposal_id: int, state: str, *, actor: str, why: str) -> None:
    _require_reason(why)
    proposal = load_proposal(connection, proposal_id, lock=True)
    if proposal is None:
        raise ConflictError(f"there is no proposal {proposal_id}")
    if proposal.state != "open":
        who = f", by {proposal.decided_by}" if proposal.decided_by else ""
        raise ConflictError(f"proposal {proposal_id} is {proposal.state} already{who}")
    set_proposal(
        connection,
        proposal_id,
        state=state,
        decided_by=actor,
        decided_why=why.strip(),
        decided_at=func.now(),
    )
    add_audit(
        connection,
        actor=actor,
        action=f"proposal.{state}",
        subject=f"proposal/{proposal_id}",
        why=why.strip(),
    )


def _require_reason(why: str) -> None:
    if not why.strip():
        raise UsageError("a reason is required: the next person on call will read it")
