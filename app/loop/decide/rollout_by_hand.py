"""Rollout by hand: a person ends a running rollout, either way, before its pairs do."""

from sqlalchemy import Connection

from tierwatch.errors import ConflictError
from tierwatch.loop.compare.trust import distrust
from tierwatch.loop.decide.approve import require_reason
from tierwatch.loop.decide.end import cancel_rollout
from tierwatch.loop.decide.rollout import finish_rollout
from tierwatch.store.policies import lock_active
from tierwatch.store.proposals import Proposal, proposals_in


def promote_rollout(connection: Connection, version: int, *, actor: str, why: str) -> None:
    """Make a candidate the policy of everybody, whatever its pairs show by now.

    Raises:
        UsageError: no reason given.
        ConflictError: it is not being rolled out, or the judge is not trusted.
    """
    require_reason(why)
    proposal = _running(connection, version)
    if doubt := distrust(connection):
        raise ConflictError(f"the rollout of policy {version} cannot be promoted now. {doubt}")
    finish_rollout(connection, proposal, why=f"promoted by hand: {why.strip()}", actor=actor)


def abort_rollout(connection: Connection, version: int, *, actor: str, why: str) -> None:
    """Take a candidate back; everybody is on the stable policy again.

    Raises:
        UsageError: no reason given.
        ConflictError: it is not being rolled out.
    """
    require_reason(why)
    proposal = _running(connection, version)
    cancel_rollout(connection, proposal, actor=actor, why=f"aborted by hand: {why.strip()}")


def _running(connection: Connection, version: int) -> Proposal:
    lock_active(connection)  # before proposals, as everywhere
    for proposal in proposals_in(connection, "rolling_out", lock=True):
        if proposal.candidate_version == version:
            return proposal
    raise ConflictError(f"policy {version} is not being rolled out")
