"""Accounts change by somebody else's hand: sessions end, the audit says who, an admin stays."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

from tierwatch.errors import ConflictError, UsageError
from tierwatch.store.pages.lists import audit_lines
from tierwatch.store.people import passwords
from tierwatch.store.people.accounts import (
    add_external_user,
    change_role,
    disable_user,
    enable_user,
    load_user,
    remove_user,
    reset_password,
    users,
)
from tierwatch.store.people.roles import ROLES, Person
from tierwatch.store.people.sessions import begin_session, open_sessions
from tierwatch.store.people.users import (
    add_user,
    change_password,
    check_password,
    find_user,
)
from tierwatch.store.schema.people import UserRow

NOW = dt.datetime(2026, 11, 30, 9, 0, tzinfo=dt.UTC)
PASSWORD = "correct horse battery"
LAST = "ada is the last admin; make somebody else an admin first"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", quick)


@pytest.fixture
def ada(connection: Connection) -> Person:
    """The one admin, who is logged in."""
    person = add_user(connection, "ada", PASSWORD, "admin")
    begin_session(connection, person, "password", now=NOW)
    return person


@pytest.fixture
def bob(connection: Connection, ada: Person) -> Person:
    """A viewer, who is logged in."""
    person = add_user(connection, "bob", PASSWORD, "viewer")
    begin_session(connection, person, "password", now=NOW)
    return person


def inside(connection: Connection) -> list[str]:
    return sorted(one.user_name for one in open_sessions(connection, now=NOW))


def newest(connection: Connection) -> tuple[Any, ...]:
    line = audit_lines(connection)[0]
    return line.actor, line.action, line.subject, line.detail


def test_accounts_are_listed_without_their_passwords(connection: Connection, bob: Person) -> None:
    found = users(connection)
    assert [(one.name, one.role, one.entered_at) for one in found] == [
        ("ada", "admin", NOW),
        ("bob", "viewer", NOW),
    ]
    assert "argon2" not in str(found)
    assert load_user(connection, "bob") == found[1]
    assert load_user(connection, "eve") is None


def test_another_role_ends_the_sessions_of_the_one_before(
    connection: Connection, bob: Person
) -> None:
    change_role(connection, "bob", "approver", actor="ada")
    assert inside(connection) == ["ada"]
    expected = ("ada", "user.role_changed", "user/bob", {"from": "viewer", "to": "approver"})
    assert newest(connection) == expected
    again = find_user(connection, "bob")
    assert again is not None
    assert again.role == "approver"


def test_the_same_role_changes_nothing(connection: Connection, bob: Person) -> None:
    before = audit_lines(connection)
    change_role(connection, "bob", "viewer", actor="ada")
    change_role(connection, "ada", "admin", actor="ada")
    assert inside(connection) == ["ada", "bob"]
    assert audit_lines(connection) == before


def test_a_reset_password_lets_in_and_is_in_no_audit(connection: Connection, bob: Person) -> None:
    new = reset_password(connection, "bob", actor="ada")
    assert inside(connection) == ["ada"]
    assert check_password(connection, "bob", PASSWORD) is None
    found = check_password(connection, "bob", new)
    assert found is not None
    assert found.must_change
    assert newest(connection) == ("ada", "user.password_reset", "user/bob", {})
    assert new not in str(audit_lines(connection))


def test_who_is_disabled_is_out_until_enabled(connection: Connection, bob: Person) -> None:
    disable_user(connection, "bob", now=NOW, actor="ada")
    assert inside(connection) == ["ada"]
    assert check_password(connection, "bob", PASSWORD) is None
    assert find_user(connection, "bob") is None
    assert newest(connection) == ("ada", "user.disabled", "user/bob", {})
    enable_user(connection, "bob", actor="ada")
    assert check_password(connection, "bob", PASSWORD) == bob
    assert newest(connection) == ("ada", "user.enabled", "user/bob", {})


def test_what_is_so_already_is_not_done_again(connection: Connection, bob: Person) -> None:
    enable_user(connection, "bob", actor="ada")
    disable_user(connection, "bob", now=NOW, actor="ada")
    disable_user(connection, "bob", now=NOW + dt.timedelta(1), actor="ada")
    found = load_user(connection, "bob")
    assert found is not None
    assert found.disabled_at == NOW
    actions = [line.action for line in audit_lines(connection)]
    assert actions.count("user.disabled") == 1
    assert "user.enabled" not in actions


def test_a_removed_user_leaves_only_what_they_did(connection: Connection, bob: Person) -> None:
    change_password(connection, "bob", "another long password")
    remove_user(connection, "bob", actor="ada")
    assert load_user(connection, "bob") is None
    assert inside(connection) == ["ada"]
    assert newest(connection) == ("ada", "user.removed", "user/bob", {"role": "viewer"})
    assert "bob" in [line.actor for line in audit_lines(connection)]


@pytest.mark.parametrize(
    "take",
    [
        lambda connection: change_role(connection, "ada", "approver", actor="ada"),
        lambda connection: disable_user(connection, "ada", now=NOW, actor="ada"),
        lambda connection: remove_user(connection, "ada", actor="ada"),
    ],
    ids=["role", "disable", "remove"],
)
def test_the_last_admin_stays(
    connection: Connection, bob: Person, take: Callable[[Connection], None]
) -> None:
    before = audit_lines(connection)
    with pytest.raises(ConflictError, match=LAST):
        take(connection)
    assert inside(connection) == ["ada", "bob"]
    assert audit_lines(connection) == before
    # An admin who may not enter is none.
    add_user(connection, "eve", PASSWORD, "admin")
    disable_user(connection, "eve", now=NOW, actor="ada")
    with pytest.raises(ConflictError, match=LAST):
        take(connection)
    enable_user(connection, "eve", actor="ada")
    take(connection)
    found = find_user(connection, "ada")
    assert found is None or found.role != "admin"


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["role", "disable", "enable", "remove", "add"]),
        st.sampled_from(["ada", "bob", "eve"]),
        st.sampled_from(ROLES),
    ),
    max_size=25,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=_STEPS)
def test_whatever_is_done_an_admin_can_enter(
    connection: Connection, steps: list[tuple[str, str, str]]
) -> None:
    with connection.begin_nested() as savepoint:
        add_user(connection, "ada", PASSWORD, "admin")
        for what, name, role in steps:
            try:
                with connection.begin_nested():
                    _do(connection, what, name, role)
            except (ConflictError, UsageError):
                pass
            able = [one for one in users(connection) if not one.disabled_at]
            assert "admin" in [one.role for one in able]
        savepoint.rollback()


def _do(connection: Connection, what: str, name: str, role: str) -> None:
    if what == "role":
        change_role(connection, name, role, actor="x")
    elif what == "disable":
        disable_user(connection, name, now=NOW, actor="x")
    elif what == "enable":
        enable_user(connection, name, actor="x")
    elif what == "remove":
        remove_user(connection, name, actor="x")
    else:
        add_user(connection, name, PASSWORD, role)


def test_two_admins_cannot_take_each_others_role_at_once(engine: Engine) -> None:
    """Each finds the other one left, unless one waits for the other's transaction."""
    with engine.begin() as setup:
        for name in ("ada", "bob"):
            add_user(setup, name, PASSWORD, "admin")
    refused: list[str] = []

    def take(name: str) -> None:
        try:
            with engine.begin() as own:
                change_role(own, name, "viewer", actor="x")
        except ConflictError:
            refused.append(name)

    with engine.connect() as first:
        transaction = first.begin()
        change_role(first, "ada", "viewer", actor="bob")
        other = threading.Thread(target=take, args=("bob",))
        other.start()
        other.join(0.5)
        assert other.is_alive()  # it waits for our locks
        transaction.commit()
        other.join(20)
    assert refused == ["bob"]
    with engine.connect() as connection:
        query = select(UserRow.name).where(UserRow.role == "admin")
        assert connection.execute(query).scalars().all() == ["bob"]


@pytest.mark.parametrize(
    "do",
    [
        lambda connection: change_role(connection, "nobody", "admin", actor="ada"),
        lambda connection: change_role(connection, "bob", "root", actor="ada"),
        lambda connection: reset_password(connection, "nobody", actor="ada"),
        lambda connection: disable_user(connection, "nobody", now=NOW, actor="ada"),
        lambda connection: enable_user(connection, "nobody", actor="ada"),
        lambda connection: remove_user(connection, "nobody", actor="ada"),
        lambda connection: add_external_user(connection, "a b", "s", "viewer"),
        lambda connection: add_external_user(connection, "grace", "", "viewer"),
        lambda connection: add_external_user(connection, "grace", "s" * 501, "viewer"),
        lambda connection: add_external_user(connection, "grace", "a\nb", "viewer"),
        lambda connection: add_external_user(connection, "grace", "s", "root"),
    ],
)
def test_what_is_wrong_use_leaves_no_trace(
    connection: Connection, bob: Person, do: Callable[[Connection], None]
) -> None:
    before, listed = audit_lines(connection), users(connection)
    with pytest.raises(UsageError, match=r"found|accepted"):
        do(connection)
    assert (audit_lines(connection), users(connection)) == (before, listed)


def test_who_logs_in_elsewhere_has_no_password_to_guess_or_change(connection: Connection) -> None:
    added = add_external_user(connection, "grace", "https://id.example|17", "viewer", actor="ada")
    assert find_user(connection, "grace") == added == Person("grace", "viewer")
    for guess in ("", "None", PASSWORD):
        assert check_password(connection, "grace", guess) is None
    with pytest.raises(UsageError, match="grace has no password here"):
        reset_password(connection, "grace", actor="ada")
    with pytest.raises(UsageError, match="no user 'grace' with a password"):
        change_password(connection, "grace", "another long password")
    detail = {"role": "viewer", "external": "https://id.example|17"}
    assert newest(connection) == ("ada", "user.added", "user/grace", detail)


def test_a_subject_is_one_persons(connection: Connection) -> None:
    add_external_user(connection, "grace", "s-1", "viewer")
    for name, subject in (("grace", "s-2"), ("heidi", "s-1")):
        with pytest.raises(ConflictError, match="already"):
            add_external_user(connection, name, subject, "viewer")
    assert [one.subject for one in users(connection)] == ["s-1"]
