"""Policies are never written twice; which one is active is one row."""

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError

from tierwatch.routing.policy import Policy
from tierwatch.store.policies import (
    active_policies,
    add_policy,
    load_policy,
    lock_active,
    next_version,
    put_first_policy,
    set_active,
)

THRESHOLDS = {"simple": 0.7, "standard": 0.6}


def policy(version: int = 1, **changes: Any) -> Policy:
    return Policy(**({"version": version, "thresholds": THRESHOLDS} | changes))


def add(connection: Connection, *policies: Policy) -> None:
    for one in policies:
        add_policy(connection, one, author="ada", reason="because")


def test_before_the_first_policy_nothing_is_active(connection: Connection) -> None:
    assert active_policies(connection) is None
    assert lock_active(connection) is None
    assert load_policy(connection, 1) is None
    assert next_version(connection) == 1
    set_active(connection, stable=1, candidate=None, share=0.0, salt="s")
    assert active_policies(connection) is None


def test_a_policy_comes_back_as_it_was(connection: Connection) -> None:
    given = policy(
        3,
        by_task={"sql": {"simple": 0.9}},
        classifier=2,
        promised={"simple": 0.04},
        promised_for=0.95,
    )
    add(connection, given)
    assert load_policy(connection, 3) == given
    assert next_version(connection) == 4


def test_a_version_is_written_once(connection: Connection) -> None:
    add(connection, policy())
    with pytest.raises(IntegrityError), connection.begin_nested():
        add(connection, policy(thresholds={"simple": 0.1, "standard": 0.1}))


def test_the_configurations_policy_is_put_once(connection: Connection) -> None:
    assert put_first_policy(connection, policy(), salt="first")
    assert not put_first_policy(connection, policy(2), salt="second")
    active = active_policies(connection)
    assert active is not None
    assert (active.stable, active.candidate, active.salt) == (policy(), None, "first")
    assert load_policy(connection, 2) is None


def test_two_gateways_that_start_at_once_agree_on_the_first(engine: Engine) -> None:
    with engine.begin() as first:
        assert put_first_policy(first, policy(), salt="first")
    with engine.begin() as second:
        assert not put_first_policy(second, policy(thresholds={"simple": 0.1}), salt="second")
    with engine.connect() as connection:
        active = active_policies(connection)
    assert active is not None
    assert active.stable.thresholds == THRESHOLDS


def test_a_candidate_has_its_share(connection: Connection) -> None:
    put_first_policy(connection, policy(), salt="salt")
    add(connection, policy(2))
    set_active(connection, stable=1, candidate=2, share=0.2, salt="other")
    active = active_policies(connection)
    assert active is not None
    assert active.candidate == policy(2)
    assert (active.share, active.salt) == (0.2, "other")
    row = lock_active(connection)
    assert row is not None
    assert (row.stable_version, row.candidate_version, row.share) == (1, 2, 0.2)


def test_a_candidate_that_is_not_there_gets_no_share(connection: Connection) -> None:
    put_first_policy(connection, policy(), salt="salt")
    set_active(connection, stable=1, candidate=99, share=0.5, salt="salt")
    active = active_policies(connection)
    assert active is not None
    assert (active.candidate, active.share) == (None, 0.0)


def test_a_stable_version_that_is_not_there_is_none_active(connection: Connection) -> None:
    put_first_policy(connection, policy(), salt="salt")
    set_active(connection, stable=99, candidate=1, share=0.5, salt="salt")
    assert active_policies(connection) is None


def test_there_is_one_row(connection: Connection) -> None:
    put_first_policy(connection, policy(), salt="salt")
    with pytest.raises(IntegrityError, match="one_row"), connection.begin_nested():
        connection.execute(
            text("insert into active_policy (id, stable_version, share, salt) values (2, 1, 0, '')")
        )


def test_who_decides_holds_what_is_active(engine: Engine) -> None:
    with engine.begin() as connection:
        put_first_policy(connection, policy(), salt="salt")
    with engine.begin() as first, engine.begin() as second:
        lock_active(first)
        second.execute(text("set local lock_timeout = '50ms'"))
        assert active_policies(second) is not None  # reading waits for nobody
        with pytest.raises(OperationalError, match="lock timeout"):
            lock_active(second)
