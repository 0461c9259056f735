"""The judged pairs that a proposed threshold would move, as its page shows them."""

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, select, true

from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.schema.judgements import OutcomeRow

# What moves is a slice of the evidence; a page needs no more of it than a certificate.
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class MovedPair:
    """A pair with a confidence between two thresholds; ``weight`` is 1 / pi."""

    exchange_id: uuid.UUID
    request_no: int
    task_type: str
    confidence: float
    loss: float
    weight: float


def moved_pairs(
    connection: Connection,
    boundary: str,
    *,
    judge_version: str,
    between: tuple[float, float],
    outcomes: tuple[int, int],
    task_type: str = ALL_TASKS,
) -> list[MovedPair]:
    """Pairs about a boundary at or above the lower threshold and below the higher, newest first.

    Args:
        connection: any.
        boundary: the lower tier.
        judge_version: whose verdicts.
        between: the two thresholds, the lower one first.
        outcomes: ids of the first and the last outcome that the proposal rests on.
        task_type: of this type alone; ``all`` takes every one.
    """
    low, high = between
    rows = connection.execute(
        select(
            OutcomeRow.exchange_id,
            OutcomeRow.request_no,
            OutcomeRow.task_type,
            OutcomeRow.confidence,
            OutcomeRow.loss,
            OutcomeRow.pi,
        )
        .where(
            OutcomeRow.boundary == boundary,
            OutcomeRow.id.between(*outcomes),
            OutcomeRow.judge_version == judge_version,
            OutcomeRow.confidence >= low,
            OutcomeRow.confidence < high,
            true() if task_type == ALL_TASKS else OutcomeRow.task_type == task_type,
        )
        .order_by(OutcomeRow.id.desc())
        .limit(_MOST)
    )
    return [
        MovedPair(
            row.exchange_id, row.request_no, row.task_type, row.confidence, row.loss, 1 / row.pi
        )
        for row in rows
    ]
