"""A session is a random id in a cookie and its digest in a table; it ends as it should."""

import datetime as dt

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, text

from tierwatch.store.pages.lists import audit_lines
from tierwatch.store.people import passwords
from tierwatch.store.people.roles import Person
from tierwatch.store.people.sessions import (
    IDLE,
    LASTS,
    METHODS,
    Method,
    begin_session,
    end_session,
    end_sessions,
    find_session,
    leave_session,
    note_seen,
    open_sessions,
)
from tierwatch.store.people.users import add_user, change_password
from tierwatch.store.schema.people import SessionRow, UserRow

NOW = dt.datetime(2026, 11, 30, 9, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", quick)


@pytest.fixture
def ada(connection: Connection) -> Person:
    return add_user(connection, "ada", PASSWORD, "reviewer")


def begin(connection: Connection, person: Person, now: dt.datetime = NOW) -> str:
    secret = begin_session(connection, person, "password", now=now)
    assert secret is not None
    return secret


def rows(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(SessionRow)).scalar_one()


def test_the_table_holds_a_digest_and_the_digest_opens_nothing(
    connection: Connection, ada: Person
) -> None:
    secret = begin(connection, ada)
    stored = connection.execute(text("select s::text from sessions s")).scalar_one()
    assert secret not in stored
    digest = connection.execute(select(SessionRow.digest)).scalar_one()
    for shown in (digest, "", secret[:-1], secret + "x", "\ud800", secret.swapcase()):
        assert find_session(connection, shown, now=NOW) is None
    found = find_session(connection, secret, now=NOW)
    assert found is not None
    assert (found.person, found.method, found.seen_at) == (ada, "password", NOW)
    assert len(secret) == 43  # 256 bits in base64


@pytest.mark.parametrize("method", METHODS)
def test_how_somebody_proved_who_they_are_is_kept(
    connection: Connection, ada: Person, method: Method
) -> None:
    begin_session(connection, ada, method, now=NOW, address="192.0.2.7", agent="Firefox")
    [kept] = open_sessions(connection, now=NOW)
    assert (kept.user_name, kept.method) == ("ada", method)
    assert (kept.address, kept.agent) == ("192.0.2.7", "Firefox")
    assert (kept.began_at, kept.seen_at, kept.ends_at) == (NOW, NOW, NOW + LASTS)
    entered = connection.execute(select(UserRow.entered_at)).scalar_one()
    assert entered == NOW


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(uses=st.lists(st.integers(1, 4 * 3600), max_size=12), last=st.integers(1, 14 * 3600))
def test_it_is_open_while_it_is_used_and_not_beyond_its_end(
    connection: Connection, uses: list[int], last: int
) -> None:
    """Against the rule itself: open iff no pause reached IDLE and LASTS has not passed."""
    with connection.begin_nested() as savepoint:
        person = add_user(connection, "ada", PASSWORD, "viewer")
        secret, now, is_open = begin(connection, person), NOW, True
        for pause in [*uses, last]:
            is_open = is_open and dt.timedelta(seconds=pause) < IDLE
            now += dt.timedelta(seconds=pause)
            is_open = is_open and now < NOW + LASTS
            found = find_session(connection, secret, now=now)
            assert (found is not None) == is_open
            assert len(open_sessions(connection, now=now)) == is_open
            if found is not None:
                note_seen(connection, found.id, now=now)
        savepoint.rollback()


def test_use_is_worth_writing_once_a_minute(connection: Connection, ada: Person) -> None:
    secret = begin(connection, ada)
    found = find_session(connection, secret, now=NOW)
    assert found is not None
    assert not found.is_stale(NOW + 59 * SECOND)
    assert found.is_stale(NOW + 60 * SECOND)


def test_a_logout_ends_one_session_for_good(connection: Connection, ada: Person) -> None:
    here, there = begin(connection, ada), begin(connection, ada)
    leave_session(connection, here)
    leave_session(connection, "never begun")
    assert find_session(connection, here, now=NOW) is None
    assert find_session(connection, there, now=NOW) is not None


def test_a_new_password_ends_them_all(connection: Connection, ada: Person) -> None:
    secret = begin(connection, ada)
    change_password(connection, "ada", "another long password")
    assert rows(connection) == 0
    assert find_session(connection, secret, now=NOW) is None


def test_a_password_replaced_behind_our_back_ends_them_too(
    connection: Connection, ada: Person
) -> None:
    secret = begin(connection, ada)
    connection.execute(text("update users set password_hash = 'another'"))
    assert find_session(connection, secret, now=NOW) is None


def test_the_role_is_the_present_one(connection: Connection, ada: Person) -> None:
    secret = begin(connection, ada)
    connection.execute(text("update users set role = 'viewer'"))
    found = find_session(connection, secret, now=NOW)
    assert found is not None
    assert found.person.role == "viewer"


def test_whoever_is_disabled_is_out_and_cannot_begin(connection: Connection, ada: Person) -> None:
    secret = begin(connection, ada)
    connection.execute(text("update users set disabled_at = now()"))
    assert find_session(connection, secret, now=NOW) is None
    assert begin_session(connection, ada, "oidc", now=NOW) is None


def test_a_login_that_crosses_with_a_new_password_is_refused(
    connection: Connection, ada: Person
) -> None:
    change_password(connection, "ada", "another long password")
    assert begin_session(connection, ada, "password", now=NOW) is None
    assert begin_session(connection, Person("eve", "admin"), "oidc", now=NOW) is None
    assert rows(connection) == 0


def test_people_without_a_password_have_sessions_as_well(connection: Connection) -> None:
    connection.execute(
        text(
            "insert into users (name, subject, role, must_change)"
            " values ('grace', 'https://id.example|17', 'viewer', false)"
        )
    )
    secret = begin_session(connection, Person("grace", "viewer"), "oidc", now=NOW)
    assert secret is not None
    found = find_session(connection, secret, now=NOW)
    assert found is not None
    assert found.person == Person("grace", "viewer")


def test_a_removed_user_leaves_no_session(connection: Connection, ada: Person) -> None:
    begin(connection, ada)
    connection.execute(text("delete from users"))
    assert rows(connection) == 0


def test_what_ran_out_is_removed_by_the_next_login(connection: Connection, ada: Person) -> None:
    begin(connection, ada)
    begin(connection, ada, NOW + SECOND)
    begin(connection, ada, NOW + IDLE)
    assert rows(connection) == 2


def test_a_script_that_logs_in_again_and_again_fills_no_table(
    connection: Connection, ada: Person
) -> None:
    other = begin(connection, add_user(connection, "bob", PASSWORD, "viewer"))
    secrets = [begin(connection, ada, NOW + number * SECOND) for number in range(25)]
    later = NOW + 25 * SECOND
    found = [find_session(connection, secret, now=later) is not None for secret in secrets]
    assert found == [False] * 5 + [True] * 20
    assert find_session(connection, other, now=later) is not None


def test_from_outside_only_the_right_one_is_ended(connection: Connection, ada: Person) -> None:
    bob = add_user(connection, "bob", PASSWORD, "viewer")
    begin(connection, ada), begin(connection, bob, NOW + SECOND)
    newest, oldest = open_sessions(connection, now=NOW + SECOND)
    assert (newest.user_name, oldest.user_name) == ("bob", "ada")
    assert end_session(connection, newest.id, actor="ada", of="ada") is None
    assert end_session(connection, 10**15, actor="root") is None
    assert rows(connection) == 2
    assert end_session(connection, newest.id, actor="root") == "bob"
    assert end_session(connection, newest.id, actor="root") is None
    line = audit_lines(connection)[0]
    assert (line.actor, line.action, line.subject) == ("root", "session.ended", "user/bob")


def test_all_of_a_user_end_but_the_one_they_are_in(connection: Connection, ada: Person) -> None:
    here = find_session(connection, begin(connection, ada), now=NOW)
    assert here is not None
    begin(connection, ada), begin(connection, ada)
    begin(connection, add_user(connection, "bob", PASSWORD, "viewer"))
    assert end_sessions(connection, "ada", but=here.id) == 2
    assert [one.id for one in open_sessions(connection, now=NOW, of="ada")] == [here.id]
    assert end_sessions(connection, "ada") == 1
    assert rows(connection) == 1
