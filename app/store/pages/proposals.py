"""Proposals, as their pages show them."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from tierwatch.store.pages.lines import PAGE, rows
from tierwatch.store.proposals import UNDECIDED
from tierwatch.store.schema.proposals import ProposalRow


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal with its evidence, as `loop.improve.retune` or `loop.improve.refit` wrote it."""

    id: int
    kind: str
    artefact_id: int | None
    tier: str
    task_type: str
    from_threshold: float
    to_threshold: float
    direction: str
    certified: bool
    state: str
    base_version: int
    candidate_version: int | None
    alert_id: int | None
    pairs: int
    predicted: dict[str, Any]
    evidence: dict[str, Any]
    created_at: dt.datetime
    expires_at: dt.datetime
    decided_at: dt.datetime | None
    decided_by: str | None
    decided_why: str | None
    ended_at: dt.datetime | None
    ended_why: str | None


def proposals(
    connection: Connection,
    *,
    undecided: bool = False,
    alert_id: int | None = None,
    before: int | None = None,
) -> list[Proposal]:
    """Proposals, newest first; ``undecided`` leaves open, approved and rolling ones."""
    query = select(*ProposalRow.__table__.columns).order_by(ProposalRow.id.desc()).limit(PAGE)
    if undecided:
        query = query.where(ProposalRow.state.in_(UNDECIDED))
    if alert_id is not None:
        query = query.where(ProposalRow.alert_id == alert_id)
    if before is not None:
        query = query.where(ProposalRow.id < before)
    return [Proposal(**row) for row in rows(connection, query)]


def proposal(connection: Connection, proposal_id: int) -> Proposal | None:
    """One proposal, or None."""
    query = select(*ProposalRow.__table__.columns).where(ProposalRow.id == proposal_id)
    return next((Proposal(**row) for row in rows(connection, query)), None)
