"""Bearer tokens of the JSON API; only their hashes are kept."""

import datetime as dt
import hashlib
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.errors import ConflictError, UsageError
from tierwatch.store.audit import add_audit
from tierwatch.store.people.accounts import load_user
from tierwatch.store.people.roles import PROGRAM, Person, accepted_name, accepted_role
from tierwatch.store.schema.people import TokenRow
from tierwatch.store.schema.values import select_fields

# Long enough for a quarter's work, short enough that a forgotten one is soon worth nothing.
LASTS = "90d"
_LONGEST_DAYS = 3_650
_DAYS = re.compile(r"([0-9]{1,4})d")
# A program asks far more often than this; writing the time with each would make reading a write.
_USED_EVERY = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Token:
    """A token, without what is secret of it.

    Attributes:
        name: what the audit calls it.
        role: what it may do.
        owner: the person who answers for it; null where nobody is known to.
        created_at: when it was made.
        ends_at: when it stops being accepted; null for never.
        used_at: its newest use, to the minute; null before the first.
    """

    name: str
    role: str
    owner: str | None
    created_at: dt.datetime
    ends_at: dt.datetime | None
    used_at: dt.datetime | None


def add_token(
    connection: Connection,
    name: str,
    role: str,
    *,
    ends_at: dt.datetime | None = None,
    actor: str = "command line",
    owner: str | None = None,
) -> str:
    """Make a bearer token of the JSON API and return it; only its hash is kept.

    Args:
        connection: inside the caller's transaction.
        name: of the token; up to 100 characters, no spaces.
        role: one of `ROLES`.
        ends_at: when it stops being accepted; None for never.
        actor: who made it, for the audit.
        owner: the user who answers for it: where two persons have to agree, it counts as theirs.

    Raises:
        UsageError: a name or role that is not accepted, or an owner who is no user.
        ConflictError: the name is taken.
    """
    if owner is not None and load_user(connection, owner) is None:
        raise UsageError(f"owner: found {owner[:100]!r}; accepted: the name of a user")
    own_name, own_role = accepted_name(name), accepted_role(role)
    token = secrets.token_urlsafe(32)
    added = connection.execute(
        insert(TokenRow)
        .values(
            name=own_name,
            token_hash=_token_hash(token),
            role=own_role,
            owner=owner,
            ends_at=ends_at,
        )
        .on_conflict_do_nothing()
        .returning(TokenRow.name)
    ).one_or_none()
    if added is None:
        raise ConflictError(f"there is a token {own_name!r} already")
    add_audit(
        connection,
        actor=actor,
        action="token.added",
        subject=f"token/{own_name}",
        role=own_role,
        owner=owner,
        ends_at=None if ends_at is None else ends_at.isoformat(),
    )
    return token


def find_token(connection: Connection, token: str, *, now: dt.datetime) -> Person | None:
    """Return whose token this is, or None; None as well when it has ended.

    A token is 256 random bits, so a plain SHA-256 of it cannot be guessed back.
    """
    row = connection.execute(
        select(TokenRow.name, TokenRow.role, TokenRow.owner).where(
            TokenRow.token_hash == _token_hash(token),
            or_(TokenRow.ends_at.is_(None), TokenRow.ends_at > now),
        )
    ).one_or_none()
    if row is None:
        return None
    return Person(f"{PROGRAM}{row.name}", accepted_role(row.role), owner=row.owner)


def note_used(connection: Connection, token: str, *, now: dt.datetime) -> None:
    """Write that a token was used, at most once a minute."""
    connection.execute(
        update(TokenRow)
        .where(
            TokenRow.token_hash == _token_hash(token),
            or_(TokenRow.used_at.is_(None), TokenRow.used_at <= now - _USED_EVERY),
        )
        .values(used_at=now)
    )


def tokens(connection: Connection) -> list[Token]:
    """Every token, by name; those that have ended as well."""
    query = select_fields(Token, TokenRow).order_by(TokenRow.name)
    return [Token(*row) for row in connection.execute(query)]


def load_token(connection: Connection, name: str) -> Token | None:
    """The token of this name, or None."""
    query = select_fields(Token, TokenRow).where(TokenRow.name == name)
    row = connection.execute(query).one_or_none()
    return None if row is None else Token(*row)


def revoke_token(connection: Connection, name: str, *, actor: str) -> None:
    """Remove a token; what it did stays in the audit under its name.

    Raises:
        UsageError: no such token.
    """
    removed = connection.execute(
        delete(TokenRow).where(TokenRow.name == name).returning(TokenRow.name)
    ).one_or_none()
    if removed is None:
        raise UsageError(f"found no token {name!r}; see them with `tierwatch tokens list`")
    add_audit(connection, actor=actor, action="token.revoked", subject=f"token/{name}")


def accepted_end(words: str, *, now: dt.datetime) -> dt.datetime | None:
    """When a token made ``now`` ends: after so many days, or None for never.

    >>> accepted_end("90d", now=dt.datetime(2026, 11, 30))
    datetime.datetime(2027, 2, 28, 0, 0)

    Raises:
        UsageError: other words.
    """
    if words == "never":
        return None
    days = _DAYS.fullmatch(words)
    if days is None or not 1 <= int(days[1]) <= _LONGEST_DAYS:
        raise UsageError(
            f"expires: found {words[:100]!r};"
            f" accepted: days as 90d, 1d to {_LONGEST_DAYS}d, or never"
        )
    return now + dt.timedelta(days=int(days[1]))


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
