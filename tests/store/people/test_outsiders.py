import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from tierwatch.errors import ConflictError, UsageError
from tierwatch.store.people.outsiders import enter_outsider, role_of
from tierwatch.store.people.roles import ROLES, Person, Role

GROUPS = st.lists(st.sampled_from("abcd"), max_size=4)


def enter(
    connection: Connection,
    subject: str = "oidc:x#1",
    name: str = "ada",
    role: Role | None = "viewer",
) -> Person | None:
    return enter_outsider(connection, subject=subject, name=name, role=role, vouched_by="oidc")


def audit(connection: Connection) -> list[tuple[str, str, str]]:
    rows = connection.execute(text("select actor, action, subject from audit order by id"))
    return [tuple(row) for row in rows]


@given(GROUPS, st.dictionaries(st.sampled_from(ROLES), GROUPS))
def test_the_highest_role_of_any_group(groups: list[str], roles: dict[Role, list[str]]) -> None:
    having = [role for role in ROLES if set(groups) & set(roles.get(role, ()))]
    assert role_of(groups, roles) == (having[-1] if having else None)


def test_everybody_is_also_who_has_no_group() -> None:
    assert role_of([], {"viewer": ["*"]}) == "viewer"
    assert role_of(["*"], {"admin": ["ops"]}) is None  # a group called so is none of ours


def test_the_first_login_adds_a_user(connection: Connection) -> None:
    assert enter(connection) == Person("ada", "viewer")
    assert audit(connection) == [("oidc", "user.added", "user/ada")]
    assert enter(connection) == Person("ada", "viewer")
    assert len(audit(connection)) == 1


def test_a_user_keeps_their_name_here_whatever_they_are_called_there(
    connection: Connection,
) -> None:
    enter(connection)
    assert enter(connection, name="ada.married") == Person("ada", "viewer")


def test_spaces_become_dots(connection: Connection) -> None:
    assert enter(connection, name=" Ada  Lovelace ") == Person("Ada.Lovelace", "viewer")


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "a\x07b"])
def test_a_name_that_cannot_be_one(connection: Connection, name: str) -> None:
    with pytest.raises(UsageError, match="name"):
        enter(connection, name=name)


def test_another_role_is_given_and_audited(connection: Connection) -> None:
    enter(connection)
    assert enter(connection, role="admin") == Person("ada", "admin")
    assert audit(connection)[-1] == ("oidc", "user.role_changed", "user/ada")


def test_the_last_admin_keeps_the_role_and_the_audit_says_so_once(connection: Connection) -> None:
    enter(connection, role="admin")
    for _ in range(3):  # a proxy names them with each request
        assert enter(connection, role="viewer") == Person("ada", "admin")
    assert connection.execute(text("select role from users")).scalar_one() == "admin"
    assert [line for line in audit(connection) if line[1] != "user.added"] == [
        ("oidc", "user.role_kept", "user/ada")
    ]
    detail = text("select detail from audit order by id desc limit 1")
    assert connection.execute(detail).scalar_one() == {"from": "admin", "to": "viewer"}
    enter(connection, role="approver")  # another refusal is another line
    assert len(audit(connection)) == 3


def test_with_another_admin_who_may_enter_groups_take_the_role(connection: Connection) -> None:
    enter(connection, role="admin")
    enter(connection, "oidc:x#2", "bob", "admin")
    connection.execute(text("update users set disabled_at = now() where name = 'bob'"))
    assert enter(connection, role="viewer") == Person("ada", "admin")
    connection.execute(text("update users set disabled_at = null"))
    assert enter(connection, role="viewer") == Person("ada", "viewer")
    assert audit(connection)[-1] == ("oidc", "user.role_changed", "user/ada")
    assert enter(connection, "oidc:x#2", "bob", "viewer") == Person("bob", "admin")


def test_two_admins_demoted_at_once_leave_one(engine: Engine) -> None:
    meet = threading.Barrier(2, timeout=10)
    people = [("oidc:x#1", "ada"), ("oidc:x#2", "bob")]

    def demote(who: tuple[str, str]) -> Person | None:
        with engine.begin() as connection:
            connection.execute(text("select 1"))
            meet.wait()
            return enter(connection, *who, role="viewer")

    with ThreadPoolExecutor(2) as threads:
        for _ in range(3):
            with engine.begin() as connection:
                for who in people:
                    enter(connection, *who, role="admin")
            found = list(threads.map(demote, people))
            assert sorted(one.role for one in found if one) == ["admin", "viewer"]


def test_a_name_that_is_taken(connection: Connection) -> None:
    enter(connection)
    with pytest.raises(ConflictError, match="another user 'ada'"):
        enter(connection, subject="oidc:x#2")


def test_without_a_role_nobody_is_added_and_who_was_is_out(connection: Connection) -> None:
    assert enter(connection, role=None) is None
    assert connection.execute(text("select count(*) from users")).scalar_one() == 0
    enter(connection)
    connection.execute(
        text(
            "insert into sessions (digest, user_name, method, stamp, began_at, seen_at, ends_at,"
            " address, agent) values ('d', 'ada', 'oidc', '', now(), now(), now(), '', '')"
        )
    )
    assert enter(connection, role=None) is None
    assert connection.execute(text("select count(*) from sessions")).scalar_one() == 0


def test_disabled_stays_outside(connection: Connection) -> None:
    enter(connection)
    connection.execute(text("update users set disabled_at = now()"))
    assert enter(connection, role="admin") is None


def test_requests_that_come_at_once_add_one_user(engine: Engine) -> None:
    """A page and its pictures are asked for together, the first time as well."""
    meet = threading.Barrier(6, timeout=10)

    def come(_: int) -> Person | None:
        with engine.begin() as connection:
            connection.execute(text("select 1"))
            meet.wait()
            return enter(connection)

    with ThreadPoolExecutor(6) as threads:
        for _ in range(3):
            assert set(threads.map(come, range(6))) == {Person("ada", "viewer")}
            with engine.begin() as connection:
                assert audit(connection)[-1:] == [("oidc", "user.added", "user/ada")]
                connection.execute(text("delete from users"))
    with engine.connect() as connection:
        assert len(audit(connection)) == 3


def test_who_is_known_needs_no_lock_and_no_writing(engine: Engine) -> None:
    """A proxy names its people with each request, a read-only Postgres' too."""
    with engine.begin() as connection:
        enter(connection)
    with engine.begin() as holds, engine.begin() as connection:
        holds.execute(text("select 1 from users for update"))
        connection.execute(text("set transaction read only"))
        assert enter(connection) == Person("ada", "viewer")


@pytest.mark.parametrize("name", ["Ada", "ADA", "a d a"])
def test_a_name_that_looks_like_anothers_is_taken(connection: Connection, name: str) -> None:
    enter(connection)
    enter(connection, subject="oidc:x#2", name="A.D.A")
    with pytest.raises(ConflictError, match="another user"):
        enter(connection, subject="oidc:x#3", name=name)


def test_a_subject_that_no_index_holds_is_refused_in_a_sentence(connection: Connection) -> None:
    assert enter(connection, subject="s" * 500) is not None
    with pytest.raises(UsageError, match="subject: found 501 characters"):
        enter(connection, subject="s" * 501, name="bob")
    with pytest.raises(UsageError, match="subject: found 100000 characters"):
        enter(connection, subject="s" * 100_000, name="bob")


def test_the_audit_says_a_change_of_role_as_it_does_elsewhere(connection: Connection) -> None:
    enter(connection)
    enter(connection, role="approver")
    detail = connection.execute(text("select detail from audit order by id desc limit 1"))
    assert detail.scalar_one() == {"from": "viewer", "to": "approver"}
