"""Bearer tokens of the JSON API; only their hashes are kept."""

import hashlib
import secrets

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from tierwatch.errors import ConflictError
from tierwatch.store.audit import add_audit
from tierwatch.store.people.roles import Person, accepted_name, accepted_role
from tierwatch.store.schema.people import TokenRow


def add_token(connection: Connection, name: str, role: str, *, actor: str = "command line") -> str:
    """Make a bearer token of the JSON API and return it; only its hash is kept.

    Raises:
        UsageError: a name or role that is not accepted.
        ConflictError: the name is taken.
    """
    own_name, own_role = accepted_name(name), accepted_role(role)
    token = secrets.token_urlsafe(32)
    added = connection.execute(
        insert(TokenRow)
        .values(name=own_name, token_hash=_token_hash(token), role=own_role)
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
    )
    return token


def find_token(connection: Connection, token: str) -> Person | None:
    """Return whose token this is, or None.

    A token is 256 random bits, so a plain SHA-256 of it cannot be guessed back.
    """
    row = connection.execute(
        select(TokenRow.name, TokenRow.role).where(TokenRow.token_hash == _token_hash(token))
    ).one_or_none()
    return None if row is None else Person(f"token:{row.name}", accepted_role(row.role))


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
