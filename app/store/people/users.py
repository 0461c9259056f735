"""People who may enter the dashboard: their passwords and roles."""

import hashlib
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.errors import ConflictError, UsageError
from tierwatch.store.audit import add_audit
from tierwatch.store.people.roles import Person, accepted_name, accepted_role
from tierwatch.store.schema.people import UserRow

SHORTEST_PASSWORD = 12

# Hashing reads the whole password; an endless one would be a way to keep the process busy.
LONGEST_PASSWORD = 1_000

# RFC 9106's second recommended choice, the library's default: 64 MiB, 3 passes, about 60 ms.
_HASHER = PasswordHasher()


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
        password: 12 to 1,000 characters.
        role: one of `ROLES`.
        must_change: the password is a one-time password; the first login asks for another.
        actor: who added them, for the audit.

    Raises:
        UsageError: a name, password or role that is not accepted.
        ConflictError: the name is taken.
    """
    own_name, own_role = accepted_name(name), accepted_role(role)
    password_hash = _HASHER.hash(_accepted(password))
    added = connection.execute(
        insert(UserRow)
        .values(
            name=own_name,
            password_hash=password_hash,
            role=own_role,
            must_change=must_change,
        )
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
    return Person(own_name, own_role, must_change, _stamp(password_hash))


def find_user(connection: Connection, name: str) -> Person | None:
    """Return the user of this name as they stand now, or None."""
    row = connection.execute(
        select(UserRow.password_hash, UserRow.role, UserRow.must_change).where(UserRow.name == name)
    ).one_or_none()
    if row is None:
        return None
    return Person(name, accepted_role(row.role), row.must_change, _stamp(row.password_hash))


def check_password(connection: Connection, name: str, password: str) -> Person | None:
    """Return the user whose name and password these are, or None.

    An unknown name takes as long as a wrong password: a hash is verified either way.
    """
    stored = connection.execute(
        select(UserRow.password_hash).where(UserRow.name == name)
    ).scalar_one_or_none()
    try:
        _HASHER.verify(stored or _nobodys_hash(), password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return None
    return None if stored is None else find_user(connection, name)


def change_password(connection: Connection, name: str, new: str) -> Person:
    """Replace a user's password; sessions opened with the old one end.

    Raises:
        UsageError: no such user, or a password that is not accepted.
    """
    changed = connection.execute(
        update(UserRow)
        .where(UserRow.name == name)
        .values(password_hash=_HASHER.hash(_accepted(new)), must_change=False)
        .returning(UserRow.password_hash, UserRow.role)
    ).one_or_none()
    if changed is None:
        raise UsageError(f"found no user {name!r}; add one with `tierwatch users add`")
    add_audit(connection, actor=name, action="user.password_changed", subject=f"user/{name}")
    return Person(
        name, accepted_role(changed.role), must_change=False, stamp=_stamp(changed.password_hash)
    )


def one_time_password() -> str:
    """Return a password to be printed once: 16 characters, 96 random bits."""
    return secrets.token_urlsafe(12)


def _accepted(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise UsageError(
            f"password: found {len(password)} characters;"
            f" accepted: {SHORTEST_PASSWORD} to {LONGEST_PASSWORD}"
        )
    return password


def _stamp(password_hash: str) -> str:
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))
