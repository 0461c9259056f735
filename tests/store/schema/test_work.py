"""An exchange fails once; a step has one claim; what was lost is of one of three kinds."""

import uuid
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert
from sqlalchemy.exc import IntegrityError

from tierwatch.store.schema.work import ClaimRow, FailureRow, LostCostRow


def twice(connection: Connection, statement: Any, match: str) -> None:
    connection.execute(statement)
    with pytest.raises(IntegrityError, match=match), connection.begin_nested():
        connection.execute(statement)


def test_an_exchange_fails_once(connection: Connection) -> None:
    failure = insert(FailureRow).values(exchange_id=uuid.uuid4(), step="shadow", reason="r")
    twice(connection, failure, "pk_failures")


def test_a_step_has_one_claim(connection: Connection) -> None:
    exchange_id = uuid.uuid4()
    for step in ("shadow", "judge"):
        claim = insert(ClaimRow).values(
            exchange_id=exchange_id, step=step, token=uuid.uuid4(), tries=1, until=func.now()
        )
        twice(connection, claim, "pk_claims")


def test_lost_costs_are_of_three_kinds(connection: Connection) -> None:
    for kind in ("shadow", "judge", "checks"):
        connection.execute(insert(LostCostRow).values(kind=kind, cost_usd=1.0))
    with pytest.raises(IntegrityError, match="ck_lost_costs_kind"), connection.begin_nested():
        connection.execute(insert(LostCostRow).values(kind="serving", cost_usd=1.0))
