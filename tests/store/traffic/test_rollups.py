"""Counts are added to what is there, each flush once."""

import datetime as dt
import uuid
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, func, select, text

from tierwatch.store.schema.traffic import RollupRow
from tierwatch.store.traffic.rollups import (
    RollupColumns,
    add_counts,
    claim_flushes,
    counted_requests,
    has_flush,
)

DAY = dt.date(2026, 11, 23)


def row(tier: str = "simple", **changes: Any) -> RollupColumns:
    columns: Any = {
        "minute": put.NOW,
        "tier": tier,
        "task_type": "all",
        "bin": 3,
        "policy_version": 1,
        "requests": 10,
        "finished": 9,
        "errors": 1,
        "escalated": 2,
        "sampled": 5,
        "dropped": 1,
        "eligible": 8,
        "expected": 4.5,
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "cached_tokens": 20,
        "cost_usd": 0.25,
        "classifier_cost_usd": 0.01,
        "cost_top_tier_usd": 1.0,
        "latency_ms": 5_000.0,
    }
    return columns | changes


def total(connection: Connection, column: str) -> float:
    found = connection.execute(select(func.sum(RollupRow.__table__.columns[column])))
    return float(found.scalar_one() or 0)


def test_before_any_request_none_was_counted(connection: Connection) -> None:
    assert counted_requests(connection) == 0


def test_a_flush_is_claimed_once(connection: Connection) -> None:
    flush = uuid.uuid4()
    assert claim_flushes(connection, [flush, flush]) == {flush}
    assert has_flush(connection, flush)
    other = uuid.uuid4()
    assert claim_flushes(connection, [other, flush]) == {other}


def test_every_figure_is_added_up(connection: Connection) -> None:
    add_counts(connection, [row()])
    add_counts(connection, [row(requests=5, cost_usd=0.5)])
    keys = {"minute", "tier", "task_type", "bin", "policy_version"}
    for name, value in row().items():
        if name not in keys:
            second = {"requests": 5, "cost_usd": 0.5}.get(name, value)
            assert total(connection, name) == pytest.approx(value + second), name
    assert connection.execute(text("select count(*) from rollups")).scalar_one() == 1
    # What the input monitor has taken is no figure of a flush.
    assert total(connection, "drift_taken") == 0


@pytest.mark.parametrize(
    "change",
    [
        {"minute": put.NOW + dt.timedelta(minutes=1)},
        {"tier": "standard"},
        {"task_type": "sql"},
        {"bin": 4},
        {"policy_version": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_part_of_the_key_is_a_row_of_its_own(
    connection: Connection, change: dict[str, Any]
) -> None:
    add_counts(connection, [row(), row(**change)])
    assert connection.execute(text("select count(*) from rollups")).scalar_one() == 2
    assert counted_requests(connection) == 20
