"""Verdicts, the outcomes they reduce to, and the monitors the outcomes feed."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.store.schema import (
    AlternativeRow,
    ExchangeRow,
    MonitorRow,
    OutcomeRow,
    VerdictRow,
)


@dataclass(frozen=True, slots=True)
class BoundaryEvidence:
    """Outcomes about one boundary, in order of arrival; lists of equal length."""

    ids: list[int]
    confidences: list[float]
    losses: list[float]
    weights: list[float]


def add_verdict(connection: Connection, exchange_id: uuid.UUID, **columns: Any) -> bool:
    """Add the judge's word on a pair; False when this judge version had spoken already."""
    added = connection.execute(
        insert(VerdictRow)
        .values(exchange_id=exchange_id, **columns)
        .on_conflict_do_nothing()
        .returning(VerdictRow.exchange_id)
    ).one_or_none()
    return added is not None


def add_outcome(connection: Connection, **columns: Any) -> None:
    """Add what a verdict means for its boundary."""
    connection.execute(insert(OutcomeRow).values(**columns).on_conflict_do_nothing())


def take_unobserved(connection: Connection, *, limit: int) -> Sequence[Any]:
    """Lock and return outcomes that no monitor has seen, in order of arrival."""
    return connection.execute(
        select(*OutcomeRow.__table__.columns)
        .where(OutcomeRow.position.is_(None))
        .order_by(OutcomeRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def set_positions(connection: Connection, outcome_ids: Sequence[int]) -> None:
    """Write down the order in which the monitors saw these outcomes."""
    newest = connection.execute(select(func.max(OutcomeRow.position))).scalar_one() or 0
    connection.execute(
        text(
            "update outcomes set position = given.position"
            " from unnest(cast(:ids as bigint[]), cast(:positions as bigint[]))"
            " as given(id, position) where outcomes.id = given.id"
        ),
        {
            "ids": list(outcome_ids),
            "positions": list(range(newest + 1, newest + 1 + len(outcome_ids))),
        },
    )


def load_monitor(connection: Connection, stream: str) -> Any:
    """Return a stream's row, locked, or None."""
    return connection.execute(
        select(*MonitorRow.__table__.columns).where(MonitorRow.stream == stream).with_for_update()
    ).one_or_none()


def put_monitor(connection: Connection, **columns: Any) -> None:
    """Write a stream's state."""
    new = insert(MonitorRow).values(**columns, updated_at=func.now())
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[MonitorRow.stream],
            set_={
                name: new.excluded[name]
                for name in ("state", "pairs", "losses", "newest_request_no", "alarmed")
            }
            | {"updated_at": func.now()},
        )
    )


def forget_monitors(connection: Connection, tier: str, task_type: str) -> None:
    """Start the streams of a segment anew, as after its alert was resolved."""
    connection.execute(
        text("delete from monitors where tier = :tier and task_type = :task_type"),
        {"tier": tier, "task_type": task_type},
    )


def stream_outcomes(connection: Connection, stream: str, *, first: int = 0) -> Sequence[Any]:
    """Outcomes a stream has seen, in the order it saw them, from the ``first``-th on."""
    return connection.execute(
        select(
            OutcomeRow.id,
            OutcomeRow.exchange_id,
            OutcomeRow.request_no,
            OutcomeRow.loss,
            OutcomeRow.weight,
            OutcomeRow.confidence,
            OutcomeRow.basis,
        )
        .where(
            OutcomeRow.stream == stream,
            OutcomeRow.direction == "up",
            OutcomeRow.position.is_not(None),
        )
        .order_by(OutcomeRow.position)
        .offset(first)
    ).all()


def boundary_evidence(
    connection: Connection,
    boundary: str,
    *,
    judge_version: str,
    after_outcome: int = 0,
    limit: int = 100_000,
) -> BoundaryEvidence:
    """The newest outcomes about a boundary, from both directions.

    Args:
        connection: any.
        boundary: the lower tier.
        judge_version: verdicts of other judges are another measurement and are left out.
        after_outcome: outcomes up to this id belong to an older regime and are left out.
        limit: how many of the newest to take.
    """
    newest = (
        select(OutcomeRow.id, OutcomeRow.confidence, OutcomeRow.loss, OutcomeRow.pi)
        .where(
            OutcomeRow.boundary == boundary,
            OutcomeRow.judge_version == judge_version,
            OutcomeRow.id > after_outcome,
        )
        .order_by(OutcomeRow.id.desc())
        .limit(limit)
    )
    rows = connection.execute(newest).all()[::-1]
    return BoundaryEvidence(
        ids=[row.id for row in rows],
        confidences=[row.confidence for row in rows],
        losses=[row.loss for row in rows],
        weights=[1 / row.pi for row in rows],
    )


def mean_costs(connection: Connection, boundary: str, *, limit: int = 5_000) -> tuple[float, float]:
    """Mean USD of an answer of the lower and of the upper tier, over the newest pairs.

    Returns:
        (lower, upper); zeros when there are no pairs.
    """
    lower = case(
        (OutcomeRow.direction == "up", ExchangeRow.cost_usd), else_=AlternativeRow.cost_usd
    )
    upper = case(
        (OutcomeRow.direction == "up", AlternativeRow.cost_usd), else_=ExchangeRow.cost_usd
    )
    newest = (
        select(lower.label("lower"), upper.label("upper"))
        .select_from(OutcomeRow)
        .join(ExchangeRow, ExchangeRow.id == OutcomeRow.exchange_id)
        .join(AlternativeRow, AlternativeRow.exchange_id == OutcomeRow.exchange_id)
        .where(OutcomeRow.boundary == boundary)
        .order_by(OutcomeRow.id.desc())
        .limit(limit)
        .subquery()
    )
    row = connection.execute(select(func.avg(newest.c.lower), func.avg(newest.c.upper))).one()
    return float(row[0] or 0.0), float(row[1] or 0.0)


def spent_today(connection: Connection) -> float:
    """USD spent on shadow answers and judging since midnight UTC."""
    row = connection.execute(
        text(
            "select coalesce((select sum(cost_usd) from alternatives where created_at >= d.day), 0)"
            " + coalesce((select sum(cost_usd) from verdicts where created_at >= d.day), 0)"
            " from (select date_trunc('day', now(), 'UTC') as day) d"
        )
    ).scalar_one()
    return float(row)


def replay_outcomes(connection: Connection) -> Sequence[Any]:
    """Every observed outcome in the order the monitors saw them."""
    return connection.execute(
        select(*OutcomeRow.__table__.columns)
        .where(OutcomeRow.position.is_not(None))
        .order_by(OutcomeRow.position)
    ).all()
