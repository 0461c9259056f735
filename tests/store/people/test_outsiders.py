import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

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
