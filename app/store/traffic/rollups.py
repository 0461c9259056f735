"""Counts of all traffic, per minute; added in batches, each batch once."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import TypedDict

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.traffic import RollupFlushRow, RollupRow

_KEY = ("minute", "tier", "task_type", "bin", "policy_version")


class RollupColumns(TypedDict):
    """Counts to add to those of a minute, tier, task type, bin of confidence and policy."""

    minute: dt.datetime
    tier: str
    task_type: str
    bin: int
    policy_version: int
    requests: int
    finished: int
    errors: int
    escalated: int
    sampled: int
    dropped: int
    eligible: int
    expected: float
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost_usd: float
    classifier_cost_usd: float
    cost_top_tier_usd: float
    latency_ms: float


def add_rollups(connection: Connection, flush_id: uuid.UUID, rows: Sequence[RollupColumns]) -> bool:
    """Add counts; False when this flush was added before (its commit was only not heard of)."""
    new = connection.execute(
        insert(RollupFlushRow)
        .values(id=flush_id)
        .on_conflict_do_nothing()
        .returning(RollupFlushRow.id)
    ).one_or_none()
    if new is None:
        return False
    add_counts(connection, rows)
    return True


def has_flush(connection: Connection, flush_id: uuid.UUID) -> bool:
    """Whether a batch was added."""
    found = connection.execute(select(RollupFlushRow.id).where(RollupFlushRow.id == flush_id))
    return found.one_or_none() is not None


def add_counts(connection: Connection, rows: Sequence[RollupColumns]) -> None:
    """Add counts, whatever flush they belong to."""
    if not rows:
        return
    given = insert(RollupRow)
    added = {
        column.name: column + given.excluded[column.name]
        for column in RollupRow.__table__.columns
        if column.name not in _KEY
    }
    connection.execute(
        given.on_conflict_do_update(index_elements=list(_KEY), set_=added),
        # Everybody locks in the same order, so nobody waits for each other.
        [dict(row) for row in sorted(rows, key=_key)],
    )


def _key(row: RollupColumns) -> tuple[dt.datetime, str, str, int, int]:
    return row["minute"], row["tier"], row["task_type"], row["bin"], row["policy_version"]


def counted_requests(connection: Connection) -> int:
    """Requests counted so far, by every gateway."""
    return int(connection.execute(select(func.sum(RollupRow.requests))).scalar_one() or 0)
