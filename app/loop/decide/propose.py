"""Propose: write a proposal down, open for a week, with a line in the audit."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.evaluation.evidence.replacement_evidence import ReplacementEvidence
from tierwatch.store.audit import add_audit
from tierwatch.store.proposals import NewProposal, add_proposal

# Evidence ages with its traffic; a proposal nobody decided in a week is looked for again.
_EXPIRES_AFTER: Final = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Made:
    """A proposal that was made."""

    id: int
    certified: bool


def propose(connection: Connection, new: NewProposal, *, through: str = "") -> Made | None:
    """Write a proposal down; None when its segment has one that is not finished.

    Args:
        connection: in the caller's transaction, the active policy locked.
        new: the proposal.
        through: what a person proposed with, as a token; empty for the person alone.
    """
    expires_at = dt.datetime.now(dt.UTC) + _EXPIRES_AFTER
    proposal_id = add_proposal(connection, new, expires_at=expires_at)
    if proposal_id is None:
        return None
    model: dict[str, object] = {} if new.proposed_why is None else {"why": new.proposed_why}
    if through:
        model["through"] = through
    if new.artefact_id is not None:
        model |= {"kind": "model", "artefact": new.artefact_id}
    elif isinstance(new.evidence, ReplacementEvidence):
        model |= {"kind": "replacement", "model": new.evidence.candidate}
    add_audit(
        connection,
        actor=new.proposed_by,
        action="proposal.made",
        subject=f"proposal/{proposal_id}",
        tier=new.tier,
        task_type=new.task_type,
        certified=new.certified,
        **{"from": new.from_threshold, "to": new.to_threshold},
        **model,
    )
    return Made(proposal_id, new.certified)
