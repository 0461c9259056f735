"""Proposals, as their pages list them."""

from sqlalchemy import Connection

from tierwatch.store.pages.lines import PAGE
from tierwatch.store.proposals import UNDECIDED, Proposal, proposal_of, proposals_query
from tierwatch.store.schema.proposals import ProposalRow


def proposals(
    connection: Connection,
    *,
    undecided: bool = False,
    alert_id: int | None = None,
    before: int | None = None,
) -> list[Proposal]:
    """Proposals, newest first; ``undecided`` leaves open, approved and rolling ones."""
    query = proposals_query().order_by(ProposalRow.id.desc()).limit(PAGE)
    if undecided:
        query = query.where(ProposalRow.state.in_(UNDECIDED))
    if alert_id is not None:
        query = query.where(ProposalRow.alert_id == alert_id)
    if before is not None:
        query = query.where(ProposalRow.id < before)
    return [proposal_of(row) for row in connection.execute(query).mappings()]
