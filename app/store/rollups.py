"""Counts of all traffic, per minute; added in batches, each batch once."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from app.store.schema import RollupFlushRow, RollupRow

_KEY = ("minute", "tier", "task_type", "bin", "policy_version")


def add_rollups(
    connection: Connection, flush_id: uuid.UUID, rows: Sequence[dict[str, Any]]
) -> bool:
    """Add counts; False when this flush was added before (its commit was only not heard of)."""
    new = connection.execute(
        insert(RollupFlushRow)
        .values(id=flush_id)
        .on_conflict_do_nothing()
        .returning(RollupFlushRow.id)
    ).one_or_none()
    if new is None:
        return False
    if rows:
        given = insert(RollupRow)
        added = {
            column.name: column + given.excluded[column.name]
            for column in RollupRow.__table__.columns
            if column.name not in _KEY
        }
        connection.execute(
            given.on_conflict_do_update(index_elements=list(_KEY), set_=added), list(rows)
        )
    return True


def counted_requests(connection: Connection) -> int:
    """Requests counted so far, by every gateway."""
    return int(connection.execute(select(func.sum(RollupRow.requests))).scalar_one() or 0)
