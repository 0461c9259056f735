"""Counts of all traffic, per minute; added in batches, each batch once."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from functools import cache
from typing import Final, TypedDict

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import Insert, insert

from tierwatch.store.schema.traffic import RollupFlushRow, RollupRow

_KEY = ("minute", "tier", "task_type", "bin", "policy_version")
_CLAIM: Final = text(
    "insert into rollup_flushes (id) select unnest(cast(:flushes as uuid[]))"
    " on conflict do nothing returning id"
)


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


def claim_flushes(connection: Connection, flushes: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Note batches as added; gives those that were not before.

    One that was there is one whose commit was only not heard of.
    """
    claimed = connection.execute(_CLAIM, {"flushes": sorted(set(flushes))})
    return set(claimed.scalars())


def has_flush(connection: Connection, flush_id: uuid.UUID) -> bool:
    """Whether a batch was added."""
    found = connection.execute(select(RollupFlushRow.id).where(RollupFlushRow.id == flush_id))
    return found.one_or_none() is not None


def add_counts(connection: Connection, rows: Sequence[RollupColumns]) -> None:
    """Add counts, whatever flush they belong to."""
    if not rows:
        return
    connection.execute(
        _adding(),
        # Everybody locks in the same order, so nobody waits for each other.
        [dict(row) for row in sorted(rows, key=_key)],
    )


@cache
def _adding() -> Insert:
    """The statement: to make it takes longer than to add a row by it."""
    given = insert(RollupRow)
    added = {
        column.name: column + given.excluded[column.name]
        for column in RollupRow.__table__.columns
        if column.name not in _KEY
    }
    return given.on_conflict_do_update(index_elements=list(_KEY), set_=added)


def _key(row: RollupColumns) -> tuple[dt.datetime, str, str, int, int]:
    return row["minute"], row["tier"], row["task_type"], row["bin"], row["policy_version"]


def counted_requests(connection: Connection) -> int:
    """Requests counted so far, by every gateway."""
    return int(connection.execute(select(func.sum(RollupRow.requests))).scalar_one() or 0)
