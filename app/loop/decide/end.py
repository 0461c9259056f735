"""End: close a proposal that waits, or take its rollout back, when what it rests on has changed."""

from typing import Final

from sqlalchemy import Connection

from tierwatch.errors import ConflictError
from tierwatch.evaluation.evidence.model_evidence import ModelEvidence
from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence
from tierwatch.loop.decide.replacement import replaces_another
from tierwatch.loop.decide.unreadable import is_unreadable
from tierwatch.routing.policy import Policy
from tierwatch.store.audit import add_audit
from tierwatch.store.learned.type_versions import active_version
from tierwatch.store.policies import load_policy, lock_active, set_active
from tierwatch.store.proposals import UNDECIDED, Proposal, proposals_in, put_end
from tierwatch.store.watched.router_changes import change_of, put_over, put_undo

TYPES_GONE: Final = "the task types its offsets are for are no longer active"


def expire_proposal(
    connection: Connection, proposal: Proposal, *, why: str, actor: str = "tierwatch"
) -> None:
    """Close a proposal that waits, and the change that it asks of a watched router."""
    change = change_of(connection, proposal.id)
    if change is not None and change.state == "waiting":
        put_over(connection, proposal.id)
    put_end(connection, proposal.id, "expired", why=why)
    add_audit(
        connection,
        actor=actor,
        action="proposal.expired",
        subject=f"proposal/{proposal.id}",
        why=why,
    )


def cancel_rollout(connection: Connection, proposal: Proposal, *, actor: str, why: str) -> None:
    """Take the candidate back; everybody is on the stable policy again.

    A router that is only watched goes on with it until its settings are changed back: that is asked
    for, and until then its policy stays the one that it runs with.
    """
    active = lock_active(connection)
    if active is None:
        raise ConflictError(f"proposal {proposal.id} is not being rolled out")
    change = change_of(connection, proposal.id, lock=True)
    stable = active.stable_version
    if change is not None and change.state == "applied":
        put_undo(connection, proposal.id)
        stable = proposal.candidate_version or stable
    set_active(connection, stable=stable, candidate=None, share=0.0, salt=active.salt)
    put_end(connection, proposal.id, "rolled_back", why=why)
    add_audit(
        connection,
        actor=actor,
        action="rollout.rolled_back",
        subject=f"policy/{proposal.candidate_version}",
        proposal=proposal.id,
        why=why,
    )


def expire_untested(connection: Connection, quality: float | None) -> None:
    """Close proposals that were not tested against what is asked now.

    Of thresholds those that are open, and those approved that wait in line. What is open and may
    not be approved any more (`why_outdated`) would keep its segment from being tested again.

    Args:
        connection: inside the caller's transaction.
        quality: share of the top tier's quality that all tiers are to keep; None where each tier
            has a tolerance of its own.
    """
    active = lock_active(connection)
    stable = None if active is None else load_policy(connection, active.stable_version)
    if stable is None:
        return
    for proposal in proposals_in(connection, "open", "approved", lock=True):
        if is_unreadable(proposal):
            continue
        waits = proposal.state == "approved"
        threshold = proposal.kind == "threshold"
        if threshold and quality_tested(proposal) != quality:
            other = "no objective" if quality is None else "another objective"
            expire_proposal(connection, proposal, why=f"{other} is configured since")
        elif is_outdated(proposal, stable.version) if waits else why_outdated(proposal, stable):
            expire_proposal(connection, proposal, why="another policy is active since")


def quality_tested(proposal: Proposal) -> float | None:
    """The share of quality that all tiers were tested against; None without an objective."""
    evidence = proposal.evidence
    return evidence.objective.quality if isinstance(evidence, ObjectiveEvidence) else None


def why_outdated(proposal: Proposal, stable: Policy) -> str:
    """Why a proposal may not be approved while this policy is active; empty where it may.

    Its page names the policy that it changes, and whoever approves it decides on that. The model of
    a tier is tried against the one that serves, whatever the thresholds are. What was approved in
    time and waits in line is not asked this again: it is rolled out on top of what was before it.
    """
    if proposal.kind == "replacement":
        if not replaces_another(proposal, stable):
            return ""
        return (
            f"proposal {proposal.id} was tried against a model that does not serve tier"
            f" {proposal.tier} any more; reject it, and try the candidate again"
        )
    if proposal.base_version == stable.version:
        return ""
    if proposal.kind == "model":
        again = "the next refit compares models again"
    else:
        together = isinstance(proposal.evidence, ObjectiveEvidence)
        again = f"the next retune tests {'all tiers' if together else 'the tier'} again"
    return (
        f"proposal {proposal.id} was tested beside the thresholds of policy"
        f" {proposal.base_version}, and policy {stable.version} is active; {again}"
    )


def is_outdated(proposal: Proposal, stable_version: int) -> bool:
    """Whether an approved proposal was tested beside other tiers' thresholds than the active ones.

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


def withdraw_loosening(connection: Connection, tier: str, *, why: str) -> None:
    """Take back what would loosen a tier or change its model.

    Their evidence is from before the tier got worse. What was tested beside the tier, under an
    objective, is taken back with it; answers of the cache are no tier's of those. Of a proposal
    whose evidence cannot be read it is not known beside which tiers it was tested: it is taken back
    for its own tier alone.
    """
    lock_active(connection)  # before proposals, as everywhere: two orders would be a deadlock
    for proposal in proposals_in(connection, *UNDECIDED, lock=True):
        loosens = proposal.direction == "lower" or proposal.kind in {"model", "replacement"}
        if loosens and tier in _tested_tiers(proposal):
            _take_back(connection, proposal, actor="tierwatch", why=why)


def withdraw_models(connection: Connection, *, actor: str) -> None:
    """Take back models with offsets for other task types than the active ones."""
    lock_active(connection)  # before proposals, as everywhere
    version = active_version(connection)
    for proposal in proposals_in(connection, *UNDECIDED, lock=True):
        if not is_unreadable(proposal) and lost_its_types(proposal, version):
            _take_back(connection, proposal, actor=actor, why=TYPES_GONE)


def _tested_tiers(proposal: Proposal) -> set[str]:
    """The tiers whose threshold or model a proposal's test rests on."""
    evidence = proposal.evidence
    beside = evidence.objective.kept_now if isinstance(evidence, ObjectiveEvidence) else ()
    return {proposal.tier, *beside}


def _take_back(connection: Connection, proposal: Proposal, *, actor: str, why: str) -> None:
    if proposal.state == "rolling_out":
        cancel_rollout(connection, proposal, actor=actor, why=why)
    else:
        expire_proposal(connection, proposal, why=why, actor=actor)
