"""Proposals: read, approve, reject."""

from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.dashboard.api.route import BEFORE, Reason, Route, one_of, reason, there
from tierwatch.dashboard.arguments import ID, before_number, choice
from tierwatch.dashboard.site import this_person, this_site
from tierwatch.loop.decide.approve import approve_proposal, reject_proposal
from tierwatch.store.pages.lines import PAGE
from tierwatch.store.pages.proposals import Proposal, proposal, proposals


@dataclass(frozen=True, slots=True)
class Proposals:
    """Proposals, newest first."""

    proposals: list[Proposal]
    before: int | None


def _proposals(connection: Connection) -> Proposals:
    undecided = choice("state", ("undecided", "all")) == "undecided"
    found = proposals(connection, undecided=undecided, before=before_number())
    return Proposals(found, found[-1].id if len(found) == PAGE else None)


def _proposal(connection: Connection, proposal_id: int) -> Proposal:
    return there(proposal(connection, proposal_id))


def _approve(connection: Connection, proposal_id: int) -> Proposal:
    _proposal(connection, proposal_id)
    share = this_site().config.evaluation.rollout.share
    actor = this_person().name
    approve_proposal(connection, proposal_id, actor=actor, why=reason(), share=share)
    return _proposal(connection, proposal_id)


def _reject(connection: Connection, proposal_id: int) -> Proposal:
    _proposal(connection, proposal_id)
    reject_proposal(connection, proposal_id, actor=this_person().name, why=reason())
    return _proposal(connection, proposal_id)


ROUTES = (
    Route(
        "GET",
        "/proposals",
        "Proposals, newest first.",
        Proposals,
        _proposals,
        query={**BEFORE, "state": one_of("Which; all by default.", "undecided", "all")},
    ),
    Route("GET", f"/proposals/<{ID}:proposal_id>", "One proposal.", Proposal, _proposal),
    Route(
        "POST",
        f"/proposals/<{ID}:proposal_id>/approve",
        "Approve a proposal; its rollout starts unless another one is running.",
        Proposal,
        _approve,
        role="approver",
        body=Reason,
    ),
    Route(
        "POST",
        f"/proposals/<{ID}:proposal_id>/reject",
        "Reject a proposal.",
        Proposal,
        _reject,
        role="approver",
        body=Reason,
    ),
)
