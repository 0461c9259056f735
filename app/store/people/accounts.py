"""What is done to accounts by somebody else: listed, given another role, reset, disabled, removed.

Each change writes the audit, without any secret, and none takes the last admin away.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.errors import ConflictError, UsageError
from tierwatch.store.audit import add_audit
from tierwatch.store.people.passwords import one_time_password, password_hash
from tierwatch.store.people.roles import LONGEST_SUBJECT, Person, accepted_role, accepted_user_name
from tierwatch.store.people.sessions import end_sessions
from tierwatch.store.schema.people import UserRow
from tierwatch.store.schema.values import select_fields


@dataclass(frozen=True, slots=True)
class User:
    """An account, without its password.

    Attributes:
        name: what they log in with.
        role: what they may do.
        subject: who they are to another program that lets them in; null for a password here.
        must_change: the password was given out once and has not been replaced yet.
        created_at: when they were added.
        disabled_at: since when they may not enter; null when they may.
        entered_at: their newest login.
    """

    name: str
    role: str
    subject: str | None
    must_change: bool
    created_at: dt.datetime
    disabled_at: dt.datetime | None
    entered_at: dt.datetime | None


def users(connection: Connection) -> list[User]:
    """Every account, by name."""
    return [
        User(*row)
        for row in connection.execute(select_fields(User, UserRow).order_by(UserRow.name))
    ]


def load_user(connection: Connection, name: str) -> User | None:
    """The account of this name, or None."""
    row = connection.execute(select_fields(User, UserRow).where(UserRow.name == name)).one_or_none()
    return None if row is None else User(*row)


def add_external_user(
    connection: Connection, name: str, subject: str, role: str, *, actor: str = "command line"
) -> Person:
    """Add a person who has no password here: another program says that they are ``subject``.

    Raises:
        UsageError: a name, subject or role that is not accepted.
        ConflictError: the name or the subject is taken.
    """
    own_name, own_role = accepted_user_name(name), accepted_role(role)
    if not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise UsageError(
            f"subject: found {subject!r}; accepted: 1 to {LONGEST_SUBJECT} printable characters"
        )
    added = connection.execute(
        insert(UserRow)
        .values(name=own_name, subject=subject, role=own_role, must_change=False)
        .on_conflict_do_nothing()
        .returning(UserRow.name)
    ).one_or_none()
    if added is None:
        raise ConflictError(f"there is a user {own_name!r}, or one who is {subject!r}, already")
    _audit(connection, actor, "user.added", own_name, role=own_role, external=subject)
    return Person(own_name, own_role)


def change_role(connection: Connection, name: str, role: str, *, actor: str) -> None:
    """Give a user another role; their sessions end, so that nothing open is of the one before.

    Raises:
        UsageError: no such user, or no such role.
        ConflictError: they are the last admin.
    """
    new, old = accepted_role(role), _locked(connection, name).role
    if new == old:
        return
    if old == "admin":
        _keep_an_admin(connection, name)
    connection.execute(update(UserRow).where(UserRow.name == name).values(role=new))
    end_sessions(connection, name)
    _audit(connection, actor, "user.role_changed", name, **{"from": old, "to": new})


def reset_password(connection: Connection, name: str, *, actor: str) -> str:
    """Replace a user's password by one to be printed once; their sessions end.

    Raises:
        UsageError: no such user, or one who has no password here.
    """
    if _locked(connection, name).subject is not None:
        raise UsageError(f"{name} has no password here: they log in elsewhere")
    password = one_time_password()
    connection.execute(
        update(UserRow)
        .where(UserRow.name == name)
        .values(password_hash=password_hash(password), must_change=True)
    )
    end_sessions(connection, name)
    _audit(connection, actor, "user.password_reset", name)
    return password


def disable_user(connection: Connection, name: str, *, now: dt.datetime, actor: str) -> None:
    """Keep a user out until they are enabled; their sessions end.

    Raises:
        UsageError: no such user.
        ConflictError: they are the last admin.
    """
    if _locked(connection, name).disabled_at is not None:
        return
    _keep_an_admin(connection, name)
    connection.execute(update(UserRow).where(UserRow.name == name).values(disabled_at=now))
    end_sessions(connection, name)
    _audit(connection, actor, "user.disabled", name)


def enable_user(connection: Connection, name: str, *, actor: str) -> None:
    """Let a disabled user in again, with the password and the role they had.

    Raises:
        UsageError: no such user.
    """
    if _locked(connection, name).disabled_at is None:
        return
    connection.execute(update(UserRow).where(UserRow.name == name).values(disabled_at=None))
    _audit(connection, actor, "user.enabled", name)


def remove_user(connection: Connection, name: str, *, actor: str) -> None:
    """Remove a user; their sessions end, and what they did stays in the audit under their name.

    Raises:
        UsageError: no such user.
        ConflictError: they are the last admin.
    """
    role = _locked(connection, name).role
    _keep_an_admin(connection, name)
    connection.execute(delete(UserRow).where(UserRow.name == name))
    _audit(connection, actor, "user.removed", name, role=role)


def _locked(connection: Connection, name: str) -> User:
    """The account, which nobody else changes before the transaction ends."""
    lock_admins(connection)
    row = connection.execute(
        select_fields(User, UserRow).where(UserRow.name == name).with_for_update()
    ).one_or_none()
    if row is None:
        raise UsageError(f"found no user {name!r}; see them with `tierwatch users list`")
    return User(*row)


def lock_admins(connection: Connection) -> list[str]:
    """Names of the admins who may enter, locked in one order.

    Two admins who take the role from each other at the same moment would otherwise both find one
    left. The rows are read again once the other transaction has ended.
    """
    query = (
        select(UserRow.name)
        .where(UserRow.role == "admin", UserRow.disabled_at.is_(None))
        .order_by(UserRow.name)
        .with_for_update()
    )
    return list(connection.execute(query).scalars())


def _keep_an_admin(connection: Connection, name: str) -> None:
    if lock_admins(connection) == [name]:
        raise ConflictError(f"{name} is the last admin; make somebody else an admin first")


def _audit(connection: Connection, actor: str, action: str, name: str, **detail: str) -> None:
    add_audit(connection, actor=actor, action=action, subject=f"user/{name}", **detail)
