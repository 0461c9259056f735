"""A token is shown once, kept as a hash, and found by its text alone."""

import factories.rows as put
import pytest
from sqlalchemy import Connection, select

from tierwatch.errors import ConflictError, UsageError
from tierwatch.store.pages.lists import audit_lines
from tierwatch.store.people.roles import ROLES, Person, Role
from tierwatch.store.people.tokens import add_token, find_token
from tierwatch.store.people.users import add_user
from tierwatch.store.schema.people import TokenRow


def test_token_is_found_by_its_text_and_kept_as_a_hash(connection: Connection) -> None:
    token = add_token(connection, "ci", "reviewer")

    assert find_token(connection, token) == Person("token:ci", "reviewer")
    assert find_token(connection, token + "x") is None
    assert find_token(connection, "") is None
    assert find_token(connection, "\ud800") is None
    assert token not in connection.execute(select(TokenRow.token_hash)).scalar_one()


def test_its_hash_is_no_token(connection: Connection) -> None:
    add_token(connection, "ci", "admin")
    stored = connection.execute(select(TokenRow.token_hash)).scalar_one()
    assert find_token(connection, stored) is None


def test_no_two_tokens_are_alike(connection: Connection) -> None:
    tokens = {add_token(connection, f"ci-{number}", "viewer") for number in range(20)}
    assert len(tokens) == 20
    # 256 bits in base64 without padding: 43 characters that a header may hold.
    assert {len(token) for token in tokens} == {43}
    assert all(token.replace("-", "").replace("_", "").isalnum() for token in tokens)


@pytest.mark.parametrize("role", ROLES)
def test_a_token_may_what_its_role_may(connection: Connection, role: Role) -> None:
    person = find_token(connection, add_token(connection, "ci", role))
    assert person is not None
    assert person.may(role)
    assert person.may("admin") == (role == "admin")
    assert not person.must_change


def test_a_taken_name_changes_nothing(connection: Connection) -> None:
    token = add_token(connection, "ci", "viewer")
    with pytest.raises(ConflictError, match="token 'ci' already"):
        add_token(connection, "ci", "admin")
    assert find_token(connection, token) == Person("token:ci", "viewer")


def test_tokens_and_users_have_names_apart(connection: Connection) -> None:
    add_user(connection, "ci", "correct horse battery", "viewer")
    token = add_token(connection, "ci", "admin")
    found = find_token(connection, token)
    assert found is not None
    assert found.name == "token:ci"  # so the audit tells them apart as well


@pytest.mark.parametrize(("name", "role"), [("", "viewer"), ("a b", "viewer"), ("ci", "root")])
def test_what_is_refused_leaves_no_trace(connection: Connection, name: str, role: str) -> None:
    put.add_audit_line(connection, "before")
    with pytest.raises(UsageError):
        add_token(connection, name, role)
    assert connection.execute(select(TokenRow.name)).all() == []
    assert len(audit_lines(connection)) == 1


def test_the_audit_says_who_made_it_and_not_what_it_is(connection: Connection) -> None:
    token = add_token(connection, "ci", "viewer", actor="ada")
    [line] = audit_lines(connection)
    assert (line.actor, line.action, line.subject) == ("ada", "token.added", "token/ci")
    assert token not in str(line)
