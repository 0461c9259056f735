"""Proposals and the retunes they came from."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.schema.proposals import ProposalRow, RetuneRow

UNDECIDED = ("open", "approved", "rolling_out")


def add_proposal(connection: Connection, **columns: Any) -> int | None:
    """Add an open proposal; None when the segment has one that is not finished."""
    return connection.execute(
        insert(ProposalRow)
        .values(state="open", **columns)
        .on_conflict_do_nothing(
            index_elements=[ProposalRow.tier, ProposalRow.task_type],
            index_where=ProposalRow.state.in_(UNDECIDED),
        )
        .returning(ProposalRow.id)
    ).scalar_one_or_none()


def load_proposal(connection: Connection, proposal_id: int, *, lock: bool = False) -> Any:
    """Return a proposal or None."""
    query = select(*ProposalRow.__table__.columns).where(ProposalRow.id == proposal_id)
    return connection.execute(query.with_for_update() if lock else query).one_or_none()


def proposals_in(connection: Connection, *states: str, lock: bool = False) -> Sequence[Any]:
    """Proposals in any of these states, oldest first."""
    query = (
        select(*ProposalRow.__table__.columns)
        .where(ProposalRow.state.in_(states))
        .order_by(ProposalRow.id)
    )
    return connection.execute(query.with_for_update() if lock else query).all()


def undecided_proposal(connection: Connection, tier: str, task_type: str) -> Any:
    """Return the segment's proposal that is not finished, or None."""
    return connection.execute(
        select(*ProposalRow.__table__.columns).where(
            ProposalRow.tier == tier,
            ProposalRow.task_type == task_type,
            ProposalRow.state.in_(UNDECIDED),
        )
    ).one_or_none()


def set_proposal(connection: Connection, proposal_id: int, **columns: Any) -> None:
    """Move a proposal on."""
    connection.execute(update(ProposalRow).where(ProposalRow.id == proposal_id).values(**columns))


def expire_proposals(connection: Connection) -> list[int]:
    """Close the open proposals nobody decided in time; their evidence is old."""
    rows = connection.execute(
        update(ProposalRow)
        .where(ProposalRow.state == "open", ProposalRow.expires_at <= func.now())
        .values(state="expired", ended_at=func.now(), ended_why="nobody decided in time")
        .returning(ProposalRow.id)
    )
    return [row.id for row in rows]


def last_retune(connection: Connection, tier: str, task_type: str) -> Any:
    """The newest test of a tier's threshold, or None."""
    return connection.execute(
        select(*RetuneRow.__table__.columns)
        .where(RetuneRow.tier == tier, RetuneRow.task_type == task_type)
        .order_by(RetuneRow.k.desc())
        .limit(1)
    ).one_or_none()


def tested_types(connection: Connection, tier: str) -> set[str]:
    """The task types whose own threshold at a tier was ever tested."""
    found = connection.execute(
        select(RetuneRow.task_type)
        .where(RetuneRow.tier == tier, RetuneRow.task_type != ALL_TASKS)
        .distinct()
    )
    return set(found.scalars())


def add_retune(connection: Connection, **columns: Any) -> None:
    """Record a test and the error budget it spent, whatever came of it."""
    connection.execute(insert(RetuneRow).values(**columns))
