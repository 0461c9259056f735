"""Proposals: at most one undecided a segment."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, RowMapping, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.proposal_evidence import (
    Prediction,
    ProposalEvidence,
    read_prediction,
    read_proposal_evidence,
)
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.schema.proposals import ProposalApprovalRow, ProposalRow
from tierwatch.store.schema.values import SelectOfFields, select_fields

UNDECIDED = ("open", "approved", "rolling_out")
# Who makes what no person makes.
TIERWATCH: Final = "tierwatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProposal:
    """A proposal to be made.

    Attributes:
        tier: whose threshold or model.
        from_threshold: that is active.
        to_threshold: that is proposed.
        certified: whether it is shown to hold what is to be held.
        base_version: the policy it was tested beside.
        pairs: it rests on.
        predicted: what it would do.
        evidence: what it rests on; says of which kind it is.
        task_type: whose threshold; ``all`` for the tier's own.
        artefact_id: of a proposed model.
        alert_id: of the alert it answers.
        proposed_by: the person who makes it; ``tierwatch`` where none does.
        proposed_why: their reason.
    """

    tier: str
    from_threshold: float
    to_threshold: float
    certified: bool
    base_version: int
    pairs: int
    predicted: Prediction
    evidence: ProposalEvidence
    task_type: str = ALL_TASKS
    artefact_id: int | None = None
    alert_id: int | None = None
    proposed_by: str = TIERWATCH
    proposed_why: str | None = None

    @property
    def direction(self) -> Literal["raise", "lower", "keep"]:
        """Which way the threshold goes; a model may keep it."""
        if self.to_threshold == self.from_threshold:
            return "keep"
        return "lower" if self.to_threshold < self.from_threshold else "raise"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A stored proposal.

    ``predicted`` and ``evidence`` are `Unreadable` where a newer version of tierwatch wrote them or
    they are broken: a page then says that it "cannot be shown by this version" and gives the
    reason; ``to_json()`` of either is what the API serves in any case.
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
    predicted: Prediction | Unreadable
    evidence: ProposalEvidence | Unreadable
    proposed_by: str
    proposed_why: str | None
    created_at: dt.datetime
    expires_at: dt.datetime
    decided_at: dt.datetime | None
    decided_by: str | None
    decided_why: str | None
    ended_at: dt.datetime | None
    ended_why: str | None

    @property
    def by_a_person(self) -> bool:
        """Whether a person set it by hand."""
        return self.proposed_by != TIERWATCH


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval: ``person`` answers for ``actor``, who may be their token."""

    person: str
    actor: str
    why: str
    at: dt.datetime


def proposal_of(row: RowMapping) -> Proposal:
    """A proposal from all columns of its row."""
    columns: dict[str, Any] = {**row}
    columns["predicted"] = read_prediction(columns["predicted"])
    columns["evidence"] = read_proposal_evidence(columns["kind"], columns["evidence"])
    return Proposal(**columns)


def proposals_query() -> SelectOfFields:
    """The columns that `proposal_of` reads."""
    return select_fields(Proposal, ProposalRow)


def add_proposal(
    connection: Connection, new: NewProposal, *, expires_at: dt.datetime
) -> int | None:
    """Add an open proposal; None when the segment has one that is not finished."""
    return connection.execute(
        insert(ProposalRow)
        .values(
            kind=new.evidence.kind,
            artefact_id=new.artefact_id,
            tier=new.tier,
            task_type=new.task_type,
            from_threshold=new.from_threshold,
            to_threshold=new.to_threshold,
            direction=new.direction,
            certified=new.certified,
            base_version=new.base_version,
            alert_id=new.alert_id,
            pairs=new.pairs,
            predicted=new.predicted.to_json(),
            evidence=new.evidence.to_json(),
            proposed_by=new.proposed_by,
            proposed_why=new.proposed_why,
            expires_at=expires_at,
            state="open",
        )
        # The words and not parameters: from the tenth time on a connection PostgreSQL plans for any
        # parameters, and then finds no index with this condition.
        .on_conflict_do_nothing(
            index_elements=[ProposalRow.tier, ProposalRow.task_type],
            index_where=text("state in ('open', 'approved', 'rolling_out')"),
        )
        .returning(ProposalRow.id)
    ).scalar_one_or_none()


def load_proposal(
    connection: Connection, proposal_id: int, *, lock: bool = False
) -> Proposal | None:
    """Return a proposal or None."""
    query = proposals_query().where(ProposalRow.id == proposal_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else proposal_of(row)


def proposal_of_version(connection: Connection, version: int) -> Proposal | None:
    """The proposal that was, or is being, rolled out as this policy; None for other policies."""
    query = proposals_query().where(ProposalRow.candidate_version == version)
    row = connection.execute(query.order_by(ProposalRow.id.desc()).limit(1)).mappings().first()
    return None if row is None else proposal_of(row)


def proposals_of_versions(connection: Connection, versions: Collection[int]) -> dict[int, Proposal]:
    """The proposal that each of these policies came from; other policies are left out."""
    if not versions:
        return {}
    query = proposals_query().where(ProposalRow.candidate_version.in_(versions))
    rows = connection.execute(query.order_by(ProposalRow.id)).mappings()
    return {row["candidate_version"]: proposal_of(row) for row in rows}


def proposals_in(connection: Connection, *states: str, lock: bool = False) -> list[Proposal]:
    """Proposals in any of these states, oldest first."""
    query = proposals_query().where(ProposalRow.state.in_(states)).order_by(ProposalRow.id)
    rows = connection.execute(query.with_for_update() if lock else query).mappings()
    return [proposal_of(row) for row in rows]


def is_undecided(connection: Connection, tier: str, task_type: str) -> bool:
    """Whether the segment has a proposal that is not finished."""
    found = connection.execute(
        select(ProposalRow.id).where(
            ProposalRow.tier == tier,
            ProposalRow.task_type == task_type,
            ProposalRow.state.in_(UNDECIDED),
        )
    )
    return found.one_or_none() is not None


def put_base(connection: Connection, version: int, *, instead_of: int) -> None:
    """Let what is undecided rest on a version with the same thresholds and models as its own."""
    connection.execute(
        update(ProposalRow)
        .where(ProposalRow.base_version == instead_of, ProposalRow.state.in_(UNDECIDED))
        .values(base_version=version)
    )


def put_decision(
    connection: Connection,
    proposal_id: int,
    state: Literal["approved", "rejected"],
    *,
    actor: str,
    why: str,
) -> None:
    """Write down who decided a proposal, and why."""
    _set(
        connection,
        proposal_id,
        state=state,
        decided_by=actor,
        decided_why=why,
        decided_at=func.now(),
    )


def add_approval(
    connection: Connection, proposal_id: int, *, person: str, actor: str, why: str
) -> None:
    """Write down that a person approves; they have not before."""
    connection.execute(
        insert(ProposalApprovalRow).values(
            proposal_id=proposal_id, person=person, actor=actor, why=why
        )
    )


def approvals_of(
    connection: Connection, proposal_ids: Collection[int]
) -> dict[int, tuple[Approval, ...]]:
    """Who has approved each of these proposals, oldest first; one that nobody has is left out."""
    if not proposal_ids:
        return {}
    rows = connection.execute(
        select(
            ProposalApprovalRow.proposal_id,
            ProposalApprovalRow.person,
            ProposalApprovalRow.actor,
            ProposalApprovalRow.why,
            ProposalApprovalRow.at,
        )
        .where(ProposalApprovalRow.proposal_id.in_(proposal_ids))
        .order_by(ProposalApprovalRow.at, ProposalApprovalRow.person)
    )
    found: dict[int, tuple[Approval, ...]] = {}
    for row in rows:
        approval = Approval(row.person, row.actor, row.why, row.at)
        found[row.proposal_id] = (*found.get(row.proposal_id, ()), approval)
    return found


def put_rollout(connection: Connection, proposal_id: int, candidate_version: int) -> None:
    """Write down that a proposal is being rolled out as a policy version."""
    _set(connection, proposal_id, state="rolling_out", candidate_version=candidate_version)


def put_end(
    connection: Connection,
    proposal_id: int,
    state: Literal["rejected", "active", "rolled_back", "expired"],
    *,
    why: str,
) -> None:
    """Write down how a proposal ended, and why."""
    _set(connection, proposal_id, state=state, ended_at=func.now(), ended_why=why)


def expire_proposals(connection: Connection) -> list[int]:
    """Close the open proposals nobody decided in time; their evidence is old."""
    rows = connection.execute(
        update(ProposalRow)
        .where(ProposalRow.state == "open", ProposalRow.expires_at <= func.now())
        .values(state="expired", ended_at=func.now(), ended_why="nobody decided in time")
        .returning(ProposalRow.id)
    )
    return [row.id for row in rows]


def _set(connection: Connection, proposal_id: int, **columns: object) -> None:
    connection.execute(update(ProposalRow).where(ProposalRow.id == proposal_id).values(**columns))
