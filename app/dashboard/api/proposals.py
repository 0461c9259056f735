"""Proposals: read, approve, reject."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.dashboard.api.route import BEFORE, Reason, Route, one_of, reason, there, unreadable
from tierwatch.dashboard.arguments import ID, before_number, choice, wants
from tierwatch.dashboard.site import this_person, this_site
from tierwatch.loop.decide.approve import approve_proposal, reject_proposal
from tierwatch.store import proposals as stored
from tierwatch.store.documents import JsonValue
from tierwatch.store.pages.lists import PAGE, proposals
from tierwatch.store.proposals import load_proposal


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal. What this version cannot read is given as stored; ``unreadable`` says why.

    Attributes:
        predicted: what it would do.
        evidence: what it rests on, by its kind.
        unreadable: name of the document -> why this version cannot read it; empty as a rule.
    """

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
    predicted: JsonValue
    evidence: JsonValue
    created_at: dt.datetime
    expires_at: dt.datetime
    decided_at: dt.datetime | None
    decided_by: str | None
    decided_why: str | None
    ended_at: dt.datetime | None
    ended_why: str | None
    unreadable: dict[str, str]


@dataclass(frozen=True, slots=True)
class Proposals:
    """Proposals, newest first."""

    proposals: list[Proposal]
    before: int | None


def _proposals(connection: Connection) -> Proposals:
    undecided = wants("undecided")
    found = proposals(connection, undecided=undecided, before=before_number())
    return Proposals([_sent(one) for one in found], found[-1].id if len(found) == PAGE else None)


def _proposal(connection: Connection, proposal_id: int) -> Proposal:
    return _sent(there(load_proposal(connection, proposal_id)))


def _approve(connection: Connection, proposal_id: int) -> Proposal:
    _proposal(connection, proposal_id)
    share = this_site().config.evaluation.rollout.share
    actor = this_person().name
    despite = choice("despite_judge", ("yes",)) is not None
    approve_proposal(
        connection, proposal_id, actor=actor, why=reason(), share=share, despite_judge=despite
    )
    return _proposal(connection, proposal_id)


def _reject(connection: Connection, proposal_id: int) -> Proposal:
    _proposal(connection, proposal_id)
    reject_proposal(connection, proposal_id, actor=this_person().name, why=reason())
    return _proposal(connection, proposal_id)


def _sent(found: stored.Proposal) -> Proposal:
    return Proposal(
        id=found.id,
        kind=found.kind,
        artefact_id=found.artefact_id,
        tier=found.tier,
        task_type=found.task_type,
        from_threshold=found.from_threshold,
        to_threshold=found.to_threshold,
        direction=found.direction,
        certified=found.certified,
        state=found.state,
        base_version=found.base_version,
        candidate_version=found.candidate_version,
        alert_id=found.alert_id,
        pairs=found.pairs,
        predicted=found.predicted.to_json(),
        evidence=found.evidence.to_json(),
        created_at=found.created_at,
        expires_at=found.expires_at,
        decided_at=found.decided_at,
        decided_by=found.decided_by,
        decided_why=found.decided_why,
        ended_at=found.ended_at,
        ended_why=found.ended_why,
        unreadable=unreadable(predicted=found.predicted, evidence=found.evidence),
    )


ROUTES = (
    Route(
        "GET",
        "/proposals",
        "Proposals, newest first.",
        Proposals,
        _proposals,
        query={**BEFORE, "state": one_of("Which proposals; all by default.", "undecided", "all")},
    ),
    Route("GET", f"/proposals/<{ID}:proposal_id>", "One proposal.", Proposal, _proposal),
    Route(
        "POST",
        f"/proposals/<{ID}:proposal_id>/approve",
        "Approve a proposal; its rollout starts unless another one is running.",
        Proposal,
        _approve,
        role="approver",
        query={"despite_judge": one_of("Approve although the judge is not trusted.", "yes")},
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
