"""Tests of thresholds: each spent part of an error budget, whatever came of it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.schema.proposals import RetuneRow


@dataclass(frozen=True, slots=True)
class Retune:
    """The newest test of a threshold: which it was, from 0, when, and up to which outcome."""

    k: int
    last_outcome: int
    created_at: dt.datetime


def last_retune(connection: Connection, tier: str, task_type: str) -> Retune | None:
    """The newest test of a tier's threshold, or None."""
    row = connection.execute(
        select(RetuneRow.k, RetuneRow.last_outcome, RetuneRow.created_at)
        .where(RetuneRow.tier == tier, RetuneRow.task_type == task_type)
        .order_by(RetuneRow.k.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Retune(row.k, row.last_outcome, row.created_at)


def types_tested(connection: Connection, tier: str) -> set[str]:
    """The task types whose own threshold at a tier was ever tested."""
    found = connection.execute(
        select(RetuneRow.task_type)
        .where(RetuneRow.tier == tier, RetuneRow.task_type != ALL_TASKS)
        .distinct()
    )
    return set(found.scalars())


def add_retune(
    connection: Connection,
    tier: str,
    task_type: str,
    *,
    k: int,
    delta: float,
    outcomes: list[int],
    result: Mapping[str, object],
) -> None:
    """Record a test and the error budget it spent.

    Args:
        connection: in the transaction of the test.
        tier: tested.
        task_type: whose threshold.
        k: which test of it, from 0.
        delta: spent.
        outcomes: ids that were read, in order; at least one.
        result: for people: what was found.
    """
    connection.execute(
        insert(RetuneRow).values(
            tier=tier,
            task_type=task_type,
            k=k,
            delta=delta,
            first_outcome=outcomes[0],
            last_outcome=outcomes[-1],
            pairs=len(outcomes),
            result=dict(result),
        )
    )
