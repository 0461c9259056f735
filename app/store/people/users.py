"""People who may enter the dashboard: who they are, and by which password."""

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.errors import ConflictError, UsageError
from tierwatch.store.audit import add_audit
from tierwatch.store.people.passwords import (
    accepted_password,
    is_password,
    password_hash,
    stamp_of,
)
from tierwatch.store.people.roles import Person, accepted_role, accepted_user_name
from tierwatch.store.people.sessions import end_sessions
from tierwatch.store.schema.people import UserRow


def add_user(
    connection: Connection,
    name: str,
    password: str,
    role: str,
    *,
    must_change: bool = False,
    actor: str = "command line",
) -> Person:
    """Add a person who may enter the dashboard.

    Args:
        connection: inside the caller's transaction.
        name: what they log in with; up to 100 characters, no spaces.
        password: 12 to 1,000 characters that are not easy to guess.
        role: one of `ROLES`.
        must_change: the password is a one-time password; the first login asks for another.
        actor: who added them, for the audit.

    Raises:
        UsageError: a name, password or role that is not accepted.
        ConflictError: the name is taken.
    """
    own_name, own_role = accepted_user_name(name), accepted_role(role)
    hashed = password_hash(accepted_password(password, name=own_name))
    added = connection.execute(
        insert(UserRow)
        .values(name=own_name, password_hash=hashed, role=own_role, must_change=must_change)
        .on_conflict_do_nothing()
        .returning(UserRow.name)
    ).one_or_none()
    if added is None:
        raise ConflictError(f"there is a user {own_name!r} already")
    add_audit(
        connection,
        actor=actor,
        action="user.added",
        subject=f"user/{own_name}",
        role=own_role,
    )
    return Person(own_name, own_role, must_change, stamp_of(hashed))


def find_user(connection: Connection, name: str) -> Person | None:
    """Return the user of this name as they stand now, or None; None as well while disabled."""
    row = connection.execute(
        select(UserRow.password_hash, UserRow.role, UserRow.must_change).where(
            UserRow.name == name, UserRow.disabled_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        return None
    return Person(name, accepted_role(row.role), row.must_change, stamp_of(row.password_hash))


def check_password(connection: Connection, name: str, password: str) -> Person | None:
    """Return the user whose name and password these are, or None; None as well while disabled.

    An unknown name takes as long as a wrong password: a hash is verified either way.
    """
    stored = connection.execute(
        select(UserRow.password_hash).where(UserRow.name == name)
    ).scalar_one_or_none()
    return find_user(connection, name) if is_password(stored, password) else None


def change_password(connection: Connection, name: str, new: str) -> Person:
    """Replace a user's password; all their sessions end.

    Raises:
        UsageError: no such user, or a password that is not accepted.
    """
    changed = connection.execute(
        update(UserRow)
        .where(UserRow.name == name, UserRow.password_hash.is_not(None))
        .values(password_hash=password_hash(accepted_password(new, name=name)), must_change=False)
        .returning(UserRow.password_hash, UserRow.role)
    ).one_or_none()
    if changed is None:
        raise UsageError(
            f"found no user {name!r} with a password; add one with `tierwatch users add`"
        )
    end_sessions(connection, name)
    add_audit(connection, actor=name, action="user.password_changed", subject=f"user/{name}")
    return Person(
        name, accepted_role(changed.role), must_change=False, stamp=stamp_of(changed.password_hash)
    )
