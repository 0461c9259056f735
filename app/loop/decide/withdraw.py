"""Withdraw: take back what waits or is rolled out when what it rests on has changed."""

from sqlalchemy import Connection

from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence
from tierwatch.loop.decide.candidate import cancel_rollout
from tierwatch.loop.decide.expire import TYPES_GONE, expire_proposal, lost_its_types
from tierwatch.loop.decide.left_alone import is_left_alone
from tierwatch.store.learned.type_versions import active_version
from tierwatch.store.policies import lock_active
from tierwatch.store.proposals import UNDECIDED, Proposal, proposals_in


def withdraw_loosening(connection: Connection, tier: str, *, why: str) -> None:
    """Take back what would loosen a tier or change its model.

    Their evidence is from before the tier got worse. What was tested beside the tier, under an
    objective, is taken back with it; answers of the cache are no tier's of those. Of a proposal
    whose evidence cannot be read it is not known beside which tiers it was tested: it is taken back
    for its own tier alone.
    """
    lock_active(connection)  # before proposals, as everywhere: two orders would be a deadlock
    for proposal in proposals_in(connection, *UNDECIDED, lock=True):
        loosens = proposal.direction == "lower" or proposal.kind == "model"
        if loosens and tier in _tested_tiers(proposal):
            _take_back(connection, proposal, actor="tierwatch", why=why)


def withdraw_models(connection: Connection, *, actor: str) -> None:
    """Take back models with offsets for other task types than the active ones."""
    lock_active(connection)  # before proposals, as everywhere
    version = active_version(connection)
    for proposal in proposals_in(connection, *UNDECIDED, lock=True):
        if not is_left_alone(proposal) and lost_its_types(proposal, version):
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
