import pytest
from sqlalchemy import Connection, select

from tierwatch.errors import ConflictError, UsageError
from tierwatch.store.people.passwords import LONGEST_PASSWORD
from tierwatch.store.people.tokens import add_token
from tierwatch.store.people.users import add_user, change_password, check_password, find_user
from tierwatch.store.schema.people import AuditRow, UserRow

PASSWORD = "correct horse battery"


def test_user_enters_with_the_right_password_only(connection: Connection) -> None:
    added = add_user(connection, "ada", PASSWORD, "approver", must_change=True)

    assert check_password(connection, "ada", PASSWORD) == added
    assert added.role == "approver"
    assert added.must_change
    assert check_password(connection, "ada", PASSWORD + "!") is None
    assert check_password(connection, "eve", PASSWORD) is None


def test_password_is_stored_as_argon2id_only(connection: Connection) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")

    stored = connection.execute(select(UserRow.password_hash)).scalar_one()
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


def test_damaged_hash_refuses_instead_of_failing(connection: Connection) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    connection.execute(UserRow.__table__.update().values(password_hash="not a hash"))

    assert check_password(connection, "ada", PASSWORD) is None


def test_new_password_replaces_the_old_one_and_changes_the_stamp(connection: Connection) -> None:
    before = add_user(connection, "ada", PASSWORD, "viewer", must_change=True)
    after = change_password(connection, "ada", "another long password")

    assert after.stamp != before.stamp
    assert not after.must_change
    assert find_user(connection, "ada") == after
    assert check_password(connection, "ada", PASSWORD) is None
    assert check_password(connection, "ada", "another long password") == after


def test_password_of_nobody_cannot_change(connection: Connection) -> None:
    with pytest.raises(UsageError, match="no user 'eve'"):
        change_password(connection, "eve", "another long password")


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * (LONGEST_PASSWORD + 1)])
def test_too_short_and_endless_passwords_are_refused(connection: Connection, password: str) -> None:
    with pytest.raises(UsageError, match=f"found {len(password)} characters"):
        add_user(connection, "ada", password, "viewer")
    assert find_user(connection, "ada") is None


@pytest.mark.parametrize("name", ["", "two words", "line\nbreak", "nul\x00", "n" * 101])
def test_names_that_cannot_be_typed_are_refused(connection: Connection, name: str) -> None:
    with pytest.raises(UsageError, match="name: found"):
        add_user(connection, name, PASSWORD, "viewer")
    with pytest.raises(UsageError, match="name: found"):
        add_token(connection, name, "viewer")


def test_unknown_role_is_refused(connection: Connection) -> None:
    with pytest.raises(UsageError, match="viewer, reviewer, approver, admin"):
        add_user(connection, "ada", PASSWORD, "root")
    with pytest.raises(UsageError, match="viewer, reviewer, approver, admin"):
        add_token(connection, "ci", "root")


def test_taken_names_conflict(connection: Connection) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    add_token(connection, "ci", "viewer")

    with pytest.raises(ConflictError, match="user 'ada' already"):
        add_user(connection, "ada", PASSWORD, "admin")
    with pytest.raises(ConflictError, match="token 'ci' already"):
        add_token(connection, "ci", "admin")
    ada = find_user(connection, "ada")
    assert ada is not None
    assert ada.role == "viewer"


def test_audit_tells_who_gave_whom_which_role(connection: Connection) -> None:
    add_user(connection, "ada", PASSWORD, "approver", actor="root")
    add_token(connection, "ci", "viewer")
    change_password(connection, "ada", "another long password")

    lines = connection.execute(
        select(AuditRow.actor, AuditRow.action, AuditRow.subject, AuditRow.detail)
        .order_by(AuditRow.id.desc())
        .limit(3)
    ).all()
    assert [tuple(line) for line in reversed(lines)] == [
        ("root", "user.added", "user/ada", {"role": "approver"}),
        (
            "command line",
            "token.added",
            "token/ci",
            {"role": "viewer", "owner": None, "ends_at": None},
        ),
        ("ada", "user.password_changed", "user/ada", {}),
    ]
