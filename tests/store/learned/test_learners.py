"""A boundary's working classifier is one row; its candidate is written apart from it."""

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from tierwatch.store.learned.learners import (
    Learner,
    load_learner,
    move_learner,
    put_learner,
    set_candidate,
)


def loaded(connection: Connection, boundary: str = "simple") -> Learner:
    found = load_learner(connection, boundary)
    assert found is not None
    return found


def test_a_boundary_that_learned_nothing_has_none(connection: Connection) -> None:
    assert load_learner(connection, "simple") is None
    move_learner(connection, "simple", 7)
    set_candidate(connection, "simple", 3)
    assert load_learner(connection, "simple") is None


def test_learning_on_keeps_the_candidate(connection: Connection) -> None:
    put_learner(connection, "simple", artefact=b"\x00one", pairs=10, position=12)
    set_candidate(connection, "simple", 3)
    put_learner(connection, "simple", artefact=b"two", pairs=20, position=25)
    found = loaded(connection)
    assert (found.artefact, found.pairs, found.position) == (b"two", 20, 25)
    assert found.candidate_id == 3
    set_candidate(connection, "simple", None)
    assert loaded(connection).candidate_id is None


def test_moving_on_writes_the_position_only(connection: Connection) -> None:
    put_learner(connection, "simple", artefact=b"one", pairs=10, position=12)
    put_learner(connection, "standard", artefact=b"other", pairs=1, position=1)
    move_learner(connection, "simple", 99)
    assert (loaded(connection).artefact, loaded(connection).position) == (b"one", 99)
    assert loaded(connection, "standard").position == 1


def test_whoever_learns_holds_the_boundary(engine: Engine) -> None:
    with engine.begin() as connection:
        for boundary in ("simple", "standard"):
            put_learner(connection, boundary, artefact=b"", pairs=0, position=0)
    with engine.begin() as first, engine.begin() as second:
        load_learner(first, "simple")
        second.execute(text("set local lock_timeout = '50ms'"))
        assert loaded(second, "standard").pairs == 0
        with pytest.raises(OperationalError, match="lock timeout"):
            load_learner(second, "simple")
