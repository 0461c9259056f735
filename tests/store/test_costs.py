"""Every call is paid for once, under its kind, today or ever."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from tierwatch.store.costs import (
    EvaluationCosts,
    add_lost_cost,
    evaluation_costs,
    is_spent,
    spent_today,
)
from tierwatch.store.schema.checks import AnchorVerdictRow, ProbeAnswerRow
from tierwatch.store.schema.exchanges import AlternativeRow
from tierwatch.store.schema.judgements import VerdictRow
from tierwatch.store.schema.work import LostCostRow

# Some day before today, and today as the database has it.
BEFORE = dt.datetime(2026, 1, 1, 23, 59, tzinfo=dt.UTC)


def alternative(cost_usd: float, **changes: Any) -> Any:
    columns = {
        "exchange_id": "00000000-0000-0000-0000-000000000001",
        "tier": "standard",
        "model": "m",
        "prompt_tokens": 1,
        "completion_tokens": 1,
        "cost_usd": cost_usd,
        "latency_ms": 1.0,
    }
    return insert(AlternativeRow).values(columns | changes)


def verdict(cost_usd: float, **changes: Any) -> Any:
    columns = {
        "exchange_id": "00000000-0000-0000-0000-000000000001",
        "judge_version": "j",
        "preferred": "tie",
        "basis": "pairwise",
        "reason": "",
        "unscored_why": "",
        "orders": [],
        "cost_usd": cost_usd,
        "calls": 2,
        "latency_ms": 1.0,
    }
    return insert(VerdictRow).values(columns | changes)


def anchor(cost_usd: float, **changes: Any) -> Any:
    columns = {
        "run_id": 1,
        "anchor_id": "x",
        "truth": "a",
        "verdict": "a",
        "orders_agree": True,
        "longer": "a",
        "cost_usd": cost_usd,
    }
    return insert(AnchorVerdictRow).values(columns | changes)


def probe(cost_usd: float, **changes: Any) -> Any:
    columns = {"run_id": 1, "probe_id": "x", "passed": True, "reply": "", "cost_usd": cost_usd}
    return insert(ProbeAnswerRow).values(columns | changes)


def test_nothing_costs_nothing(connection: Connection) -> None:
    assert evaluation_costs(connection) == EvaluationCosts(0.0, 0.0, 0.0)
    assert spent_today(connection) == 0.0
    assert not is_spent(connection, 0.01)


def test_each_kind_is_the_sum_of_its_tables(connection: Connection) -> None:
    for statement in (alternative(1.0), verdict(2.0), anchor(4.0), probe(8.0)):
        connection.execute(statement)
    for kind, cost in (("shadow", 16.0), ("judge", 32.0), ("checks", 64.0)):
        add_lost_cost(connection, kind, cost)  # type: ignore[arg-type] # its three kinds
    # Powers of two: which parts are in a sum can be read off it.
    found = evaluation_costs(connection)
    assert (found.shadow_usd, found.judge_usd, found.checks_usd) == (17.0, 34.0, 76.0)
    assert found.total_usd == 127.0
    assert evaluation_costs(connection, today=True) == found


def test_yesterdays_costs_are_not_todays(connection: Connection) -> None:
    for statement in (
        alternative(1.0, created_at=BEFORE),
        verdict(2.0, created_at=BEFORE),
        anchor(4.0, created_at=BEFORE),
        probe(8.0, created_at=BEFORE),
        insert(LostCostRow).values(kind="judge", cost_usd=16.0, created_at=BEFORE),
        verdict(32.0, judge_version="newer"),
    ):
        connection.execute(statement)
    assert evaluation_costs(connection).total_usd == 63.0
    assert spent_today(connection) == 32.0


@pytest.mark.parametrize("cost", [0.0, -1.0])
def test_what_was_free_is_no_cost(connection: Connection, cost: float) -> None:
    add_lost_cost(connection, "judge", cost)
    assert evaluation_costs(connection).total_usd == 0.0


def test_a_budget_is_spent_once_it_is_reached(connection: Connection) -> None:
    add_lost_cost(connection, "shadow", 25.0)
    assert is_spent(connection, 25.0)
    assert is_spent(connection, 24.99)
    assert not is_spent(connection, 25.01)
    assert not is_spent(connection, None)
