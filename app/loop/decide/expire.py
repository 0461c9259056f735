"""Expire: close a proposal whose evidence no longer stands."""

from typing import Final

from sqlalchemy import Connection

from tierwatch.evaluation.evidence.model_evidence import ModelEvidence
from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence
from tierwatch.loop.decide.left_alone import is_left_alone
from tierwatch.store.audit import add_audit
from tierwatch.store.policies import lock_active
from tierwatch.store.proposals import Proposal, proposals_in, put_end

TYPES_GONE: Final = "the task types its offsets are for are no longer active"


def expire_proposal(
    connection: Connection, proposal: Proposal, *, why: str, actor: str = "tierwatch"
) -> None:
    """Close a proposal that waits."""
    put_end(connection, proposal.id, "expired", why=why)
    add_audit(
        connection,
        actor=actor,
        action="proposal.expired",
        subject=f"proposal/{proposal.id}",
        why=why,
    )


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
        if proposal.kind != "threshold" or is_left_alone(proposal):
            continue
        if quality_tested(proposal) != quality:
            other = "no objective" if quality is None else "another objective"
            expire_proposal(connection, proposal, why=f"{other} is configured since")
        elif is_outdated(proposal, active.stable_version):
            expire_proposal(connection, proposal, why="another policy is active since")


def quality_tested(proposal: Proposal) -> float | None:
    """The share of quality that all tiers were tested against; None without an objective."""
    evidence = proposal.evidence
    return evidence.objective.quality if isinstance(evidence, ObjectiveEvidence) else None


def is_outdated(proposal: Proposal, stable_version: int) -> bool:
    """Whether a proposal was tested beside other tiers' thresholds than those that are active.

    What tiers lose adds up, so under an objective its evidence is then about another policy.
    """
    return (
        isinstance(proposal.evidence, ObjectiveEvidence) and proposal.base_version != stable_version
    )


def lost_its_types(proposal: Proposal, types_version: int) -> bool:
    """Whether a proposed model has offsets for other task types than the active ones.

    They would be 0: it would decide otherwise than it was measured.
    """
    if not isinstance(proposal.evidence, ModelEvidence):
        return False
    offsets = proposal.evidence.type_offsets
    return bool(offsets.by_type) and offsets.types_version != types_version
