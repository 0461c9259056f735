"""Comparisons are numbered by boundary, and counted against whom they were made."""

from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tierwatch.store.learned.refits import RefitColumns, add_refit, last_refit, refits_against


def compared(k: int, **changes: Any) -> RefitColumns:
    columns: Any = {
        "boundary": "simple",
        "k": k,
        "incumbent_id": 0,
        "candidate_id": 10 + k,
        "first_position": 100,
        "last_position": 200,
        "pairs": 80,
        "result": {"better": True, "bound": 0.01},
    }
    return columns | changes


def test_before_the_first_comparison_there_is_none(connection: Connection) -> None:
    assert last_refit(connection, "simple") is None
    assert refits_against(connection, "simple", 0) == 0


def test_the_last_one_is_the_one_with_the_highest_number(connection: Connection) -> None:
    for k in (2, 3, 1):
        add_refit(connection, **compared(k))
    add_refit(connection, **compared(9, boundary="standard"))
    found = last_refit(connection, "simple")
    assert found is not None
    assert (found.k, found.candidate_id, found.pairs) == (3, 13, 80)
    assert (found.first_position, found.last_position) == (100, 200)
    assert found.result == {"better": True, "bound": 0.01}


def test_candidates_are_counted_by_the_incumbent_they_met(connection: Connection) -> None:
    add_refit(connection, **compared(1))
    add_refit(connection, **compared(2))
    add_refit(connection, **compared(3, incumbent_id=12))
    add_refit(connection, **compared(1, boundary="standard"))
    assert refits_against(connection, "simple", 0) == 2
    assert refits_against(connection, "simple", 12) == 1
    assert refits_against(connection, "simple", 99) == 0


def test_a_number_is_used_once_so_that_no_error_budget_is_spent_twice(
    connection: Connection,
) -> None:
    add_refit(connection, **compared(1))
    with pytest.raises(IntegrityError), connection.begin_nested():
        add_refit(connection, **compared(1, candidate_id=99))
