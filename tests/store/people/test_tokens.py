"""A token is shown once, kept as a hash, and found by its text alone."""

import datetime as dt

import factories.rows as put
import pytest
from sqlalchemy import Connection, select

from tierwatch.errors import ConflictError, UsageError
from tierwatch.store.pages.lists import audit_lines
from tierwatch.store.people.roles import ROLES, Person, Role
from tierwatch.store.people.tokens import (
    LASTS,
    accepted_end,
    add_token,
    find_token,
    load_token,
    note_used,
    revoke_token,
    tokens,
)
from tierwatch.store.people.users import add_user
from tierwatch.store.schema.people import TokenRow

NOW = dt.datetime(2026, 11, 30, 9, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def test_token_is_found_by_its_text_and_kept_as_a_hash(connection: Connection) -> None:
    token = add_token(connection, "ci", "reviewer")

    assert find_token(connection, token, now=NOW) == Person("token:ci", "reviewer")
    assert find_token(connection, token + "x", now=NOW) is None
    assert find_token(connection, "", now=NOW) is None
    assert find_token(connection, "\ud800", now=NOW) is None
    assert token not in connection.execute(select(TokenRow.token_hash)).scalar_one()


def test_its_hash_is_no_token(connection: Connection) -> None:
    add_token(connection, "ci", "admin")
    stored = connection.execute(select(TokenRow.token_hash)).scalar_one()
    assert find_token(connection, stored, now=NOW) is None


def test_no_two_tokens_are_alike(connection: Connection) -> None:
    tokens = {add_token(connection, f"ci-{number}", "viewer") for number in range(20)}
    assert len(tokens) == 20
    # 256 bits in base64 without padding: 43 characters that a header may hold.
    assert {len(token) for token in tokens} == {43}
    assert all(token.replace("-", "").replace("_", "").isalnum() for token in tokens)


@pytest.mark.parametrize("role", ROLES)
def test_a_token_may_what_its_role_may(connection: Connection, role: Role) -> None:
    person = find_token(connection, add_token(connection, "ci", role), now=NOW)
    assert person is not None
    assert person.may(role)
    assert person.may("admin") == (role == "admin")
    assert not person.must_change


def test_a_taken_name_changes_nothing(connection: Connection) -> None:
    token = add_token(connection, "ci", "viewer")
    with pytest.raises(ConflictError, match="token 'ci' already"):
        add_token(connection, "ci", "admin")
    assert find_token(connection, token, now=NOW) == Person("token:ci", "viewer")


def test_tokens_and_users_have_names_apart(connection: Connection) -> None:
    add_user(connection, "ci", "correct horse battery", "viewer")
    token = add_token(connection, "ci", "admin")
    found = find_token(connection, token, now=NOW)
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


def test_a_token_that_has_ended_is_nobodys(connection: Connection) -> None:
    token = add_token(connection, "ci", "admin", ends_at=NOW + DAY)
    assert find_token(connection, token, now=NOW) == Person("token:ci", "admin")
    assert find_token(connection, token, now=NOW + DAY - dt.timedelta(seconds=1)) is not None
    assert find_token(connection, token, now=NOW + DAY) is None
    # It is still listed, and its name is still taken: nothing vanishes by itself.
    assert [one.ends_at for one in tokens(connection)] == [NOW + DAY]
    with pytest.raises(ConflictError):
        add_token(connection, "ci", "viewer")


def test_its_use_is_written_once_a_minute(connection: Connection) -> None:
    token, other = add_token(connection, "ci", "viewer"), add_token(connection, "cron", "viewer")
    later = NOW + dt.timedelta(seconds=59)
    for now in (NOW, later):
        note_used(connection, token, now=now)
    note_used(connection, other + "x", now=NOW)
    assert [(one.name, one.used_at) for one in tokens(connection)] == [("ci", NOW), ("cron", None)]
    note_used(connection, token, now=NOW + dt.timedelta(seconds=60))
    found = load_token(connection, "ci")
    assert found is not None
    assert found.used_at == NOW + dt.timedelta(seconds=60)


def test_a_revoked_token_is_gone_and_its_name_free(connection: Connection) -> None:
    token = add_token(connection, "ci", "viewer")
    revoke_token(connection, "ci", actor="ada")
    assert find_token(connection, token, now=NOW) is None
    assert load_token(connection, "ci") is None
    line = audit_lines(connection)[0]
    assert (line.actor, line.action, line.subject) == ("ada", "token.revoked", "token/ci")
    assert add_token(connection, "ci", "viewer") != token
    with pytest.raises(UsageError, match="no token 'eve'"):
        revoke_token(connection, "eve", actor="ada")


@pytest.mark.parametrize(("words", "days"), [("1d", 1), ("90d", 90), ("3650d", 3650), (LASTS, 90)])
def test_days_are_an_end(words: str, days: int) -> None:
    assert accepted_end(words, now=NOW) == NOW + days * DAY


def test_never_is_none() -> None:
    assert accepted_end("never", now=NOW) is None


@pytest.mark.parametrize("words", ["", "0d", "3651d", "90", "90 d", "-1d", "1.5d", "1w", "٣d", "d"])
def test_other_ends_are_refused(words: str) -> None:
    with pytest.raises(UsageError, match="accepted: days as 90d, 1d to 3650d, or never"):
        accepted_end(words, now=NOW)


def test_a_token_has_an_owner_who_is_a_user(connection: Connection) -> None:
    add_user(connection, "ada", "correct horse battery", "approver")
    token = add_token(connection, "ci", "viewer", owner="ada", actor="eve")
    person = find_token(connection, token, now=NOW)
    assert person is not None
    assert (person.name, person.owner, person.answerable) == ("token:ci", "ada", "ada")
    found = load_token(connection, "ci")
    assert found is not None
    assert found.owner == "ada"
    with pytest.raises(UsageError, match="owner: found 'nobody'; accepted: the name of a user"):
        add_token(connection, "other", "viewer", owner="nobody")
    assert load_token(connection, "other") is None


def test_a_token_without_an_owner_is_nobodys_word(connection: Connection) -> None:
    person = find_token(connection, add_token(connection, "ci", "admin"), now=NOW)
    assert person is not None
    assert person.answerable is None
