"""Every test of a threshold is written down with what it spent."""

import pytest
from fakes.collaborators import rows
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from tierwatch.store.retunes import add_retune, last_retune, types_tested


def test_the_newest_test_is_the_one_with_the_highest_number(connection: Connection) -> None:
    assert last_retune(connection, "simple", "all") is None
    for k, outcomes in ((0, [3, 9, 12]), (1, [3, 20])):
        add_retune(connection, "simple", "all", k=k, delta=0.025, outcomes=outcomes, result={})
    last = last_retune(connection, "simple", "all")
    assert last is not None
    assert (last.k, last.last_outcome) == (1, 20)
    assert last_retune(connection, "simple", "sql") is None
    assert last_retune(connection, "standard", "all") is None


def test_a_test_is_numbered_once(engine: Engine) -> None:
    with engine.begin() as connection:
        add_retune(connection, "simple", "all", k=0, delta=0.025, outcomes=[1], result={"a": 1})
    with pytest.raises(IntegrityError), engine.begin() as connection:
        add_retune(connection, "simple", "all", k=0, delta=0.025, outcomes=[1], result={})
    [row] = rows(engine, "select first_outcome, last_outcome, pairs, result from retunes")
    assert tuple(row) == (1, 1, 1, {"a": 1})


def test_types_count_once_they_were_ever_tested(connection: Connection) -> None:
    for task_type in ("all", "sql", "chat"):
        add_retune(connection, "simple", task_type, k=0, delta=0.001, outcomes=[1], result={})
    assert types_tested(connection, "simple") == {"sql", "chat"}
    assert types_tested(connection, "standard") == set()
