"""Proposals: read, approve, reject."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.dashboard.api.route import (
    BEFORE,
    Reason,
    Route,
    one_of,
    reason,
    sent,
    there,
    unreadable,
)
from tierwatch.dashboard.arguments import ID, LONGEST_REASON, before_number, choice, wants
from tierwatch.dashboard.reports.proposal_report import ProposalReport, proposal_report
from tierwatch.dashboard.reports.router_change import RouterChangeShown, router_change
from tierwatch.dashboard.site import this_moment, this_person, this_site
from tierwatch.loop.decide.approve import approve_proposal, reject_proposal
from tierwatch.loop.decide.foreign.mirror import apply_change, undo_change
from tierwatch.loop.improve.by_hand.propose_threshold import NamedThreshold, propose_threshold
from tierwatch.runtime.rules import approval_rules, named_threshold_rules, watched_of
from tierwatch.store import proposals as stored
from tierwatch.store.documents import JsonValue
from tierwatch.store.pages.lists import PAGE, proposals
from tierwatch.store.proposals import Approval, approvals_of, load_proposal


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal. What this version cannot read is given as stored; ``unreadable`` says why.

    Attributes:
        predicted: what it would do.
        evidence: what it rests on, by its kind.
        proposed_by: the person who made it, or `tierwatch`.
        proposed_why: their reason; null where no person made it.
        approvals: who has approved it, oldest first.
        approvals_needed: approvals that start its rollout.
        router_change: what it changes in the settings of a router that is only watched; null where
            it changes none.
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
    proposed_by: str
    proposed_why: str | None
    approvals: list[Approval]
    approvals_needed: int
    router_change: RouterChangeShown | None
    created_at: dt.datetime
    expires_at: dt.datetime
    decided_at: dt.datetime | None
    decided_by: str | None
    decided_why: str | None
    ended_at: dt.datetime | None
    ended_why: str | None
    unreadable: dict[str, str]


@dataclass(frozen=True, slots=True)
class NewThreshold:
    """A threshold to propose; `task_type` is `all` for the tier's own."""

    tier: str
    task_type: str
    threshold: float
    why: str


@dataclass(frozen=True, slots=True)
class Proposals:
    """Proposals, newest first."""

    proposals: list[Proposal]
    before: int | None


def _proposals(connection: Connection) -> Proposals:
    undecided = wants("undecided")
    found = proposals(connection, undecided=undecided, before=before_number())
    older = found[-1].id if len(found) == PAGE else None
    agreed = approvals_of(connection, [one.id for one in found])
    return Proposals([_sent(connection, one, agreed.get(one.id, ())) for one in found], older)


def _proposal(connection: Connection, proposal_id: int) -> Proposal:
    found = there(load_proposal(connection, proposal_id))
    return _sent(connection, found, approvals_of(connection, [proposal_id]).get(proposal_id, ()))


def _propose(connection: Connection) -> Proposal:
    asked, person = sent(NewThreshold), this_person()
    made = propose_threshold(
        connection,
        NamedThreshold(asked.tier, asked.threshold, asked.task_type),
        rules=named_threshold_rules(this_site().config),
        approvals=approval_rules(this_site().config),
        actor=person.name,
        person=person.answerable,
        why=asked.why[:LONGEST_REASON],
    )
    return _proposal(connection, made)


def _approve(connection: Connection, proposal_id: int) -> Proposal:
    _proposal(connection, proposal_id)
    config, person = this_site().config, this_person()
    approve_proposal(
        connection,
        proposal_id,
        actor=person.name,
        person=person.answerable,
        why=reason(),
        share=config.evaluation.rollout.share,
        despite_judge=choice("despite_judge", ("yes",)) is not None,
        rules=approval_rules(config),
        watched=watched_of(config),
    )
    return _proposal(connection, proposal_id)


def _reject(connection: Connection, proposal_id: int) -> Proposal:
    _proposal(connection, proposal_id)
    reject_proposal(connection, proposal_id, actor=this_person().name, why=reason())
    return _proposal(connection, proposal_id)


def _applied(connection: Connection, proposal_id: int) -> Proposal:
    _proposal(connection, proposal_id)
    apply_change(connection, proposal_id, actor=this_person().name)
    return _proposal(connection, proposal_id)


def _undone(connection: Connection, proposal_id: int) -> Proposal:
    _proposal(connection, proposal_id)
    undo_change(connection, proposal_id, actor=this_person().name)
    return _proposal(connection, proposal_id)


def _sent(
    connection: Connection, found: stored.Proposal, approvals: Sequence[Approval]
) -> Proposal:
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
        proposed_by=found.proposed_by,
        proposed_why=found.proposed_why,
        approvals=list(approvals),
        approvals_needed=approval_rules(this_site().config).needed(found),
        router_change=router_change(connection, found, watched_of(this_site().config)),
        created_at=found.created_at,
        expires_at=found.expires_at,
        decided_at=found.decided_at,
        decided_by=found.decided_by,
        decided_why=found.decided_why,
        ended_at=found.ended_at,
        ended_why=found.ended_why,
        unreadable=unreadable(predicted=found.predicted, evidence=found.evidence),
    )


def _report(connection: Connection, proposal_id: int) -> ProposalReport:
    site = this_site()
    return there(proposal_report(connection, proposal_id, site.config, now=this_moment()))


ROUTES = (
    Route(
        "GET",
        "/proposals",
        "Proposals, newest first.",
        Proposals,
        _proposals,
        query={**BEFORE, "state": one_of("Which proposals; all by default.", "undecided", "all")},
    ),
    Route(
        "POST",
        "/proposals",
        "Propose a threshold that a person names; it gets the evidence that there is.",
        Proposal,
        _propose,
        role="approver",
        body=NewThreshold,
    ),
    Route("GET", f"/proposals/<{ID}:proposal_id>", "One proposal.", Proposal, _proposal),
    Route(
        "GET",
        f"/proposals/<{ID}:proposal_id>/report",
        "All that is known of a proposal in words, to be sent and defended.",
        ProposalReport,
        _report,
    ),
    Route(
        "POST",
        f"/proposals/<{ID}:proposal_id>/approve",
        "Approve a proposal; the last approval needed starts its rollout, or puts it in line.",
        Proposal,
        _approve,
        role="approver",
        query={"despite_judge": one_of("Approve although the judge is not trusted.", "yes")},
        body=Reason,
    ),
    Route(
        "POST",
        f"/proposals/<{ID}:proposal_id>/router/applied",
        "Say that the router that is watched runs with what an approved proposal changes.",
        Proposal,
        _applied,
        role="approver",
    ),
    Route(
        "POST",
        f"/proposals/<{ID}:proposal_id>/router/undone",
        "Say that the router that is watched runs with what was before a proposal.",
        Proposal,
        _undone,
        role="approver",
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
