"""Logins of people, one a browser: the cookie holds a random id, the table its digest."""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from tierwatch.store.audit import add_audit
from tierwatch.store.people.passwords import stamp_of
from tierwatch.store.people.roles import Person, accepted_role
from tierwatch.store.schema.people import SessionRow, UserRow
from tierwatch.store.schema.values import select_fields

Method = Literal["password", "oidc", "proxy"]
METHODS: tuple[Method, ...] = get_args(Method)

# A working day: whoever is on call logs in once a shift.
LASTS = dt.timedelta(hours=12)
# A long meeting; a browser left open overnight is nobody's.
IDLE = dt.timedelta(hours=2)
# More browsers than a person has; a script that logs in with each request fills no table.
_MOST = 20
# Pages are read far more often than this; writing the time with each would make reading a write.
_SEEN_EVERY = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """A login that has not ended.

    Attributes:
        id: to end it by; no secret.
        user_name: whose.
        method: how they proved who they are.
        began_at: when they logged in.
        seen_at: of the newest request, to the minute.
        ends_at: when they have to log in again at the latest.
        address: where the login came from.
        agent: the browser by its own account.
    """

    id: int
    user_name: str
    method: str
    began_at: dt.datetime
    seen_at: dt.datetime
    ends_at: dt.datetime
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Who a cookie stands for, as they are now, and by which login."""

    id: int
    person: Person
    method: str
    seen_at: dt.datetime

    def is_stale(self, now: dt.datetime) -> bool:
        """Whether the time of the newest request is worth writing again."""
        return now - self.seen_at >= _SEEN_EVERY


def begin_session(
    connection: Connection,
    person: Person,
    method: Method,
    *,
    now: dt.datetime,
    address: str = "",
    agent: str = "",
) -> str | None:
    """Begin a session, and return the secret that the browser is given; only its digest is kept.

    Sessions that ran out are removed on the way, so that the table holds as many as are open.

    Returns:
        None when the person has been disabled or removed, or has another password since they were
        found: whoever is refused while they log in stays outside.
    """
    row = connection.execute(
        select(UserRow.password_hash)
        .where(UserRow.name == person.name, UserRow.disabled_at.is_(None))
        .with_for_update(key_share=True)
    ).one_or_none()
    if row is None or stamp_of(row.password_hash) != person.stamp:
        return None
    connection.execute(delete(SessionRow).where(_over(now)))
    newest = (
        select(SessionRow.id)
        .where(SessionRow.user_name == person.name)
        .order_by(SessionRow.seen_at.desc())
        .limit(_MOST - 1)
    )
    connection.execute(
        delete(SessionRow).where(
            SessionRow.user_name == person.name, SessionRow.id.not_in(newest.scalar_subquery())
        )
    )
    secret = secrets.token_urlsafe(32)
    connection.execute(
        insert(SessionRow).values(
            digest=_digest(secret),
            user_name=person.name,
            method=method,
            stamp=person.stamp,
            began_at=now,
            seen_at=now,
            ends_at=now + LASTS,
            address=address,
            agent=agent,
        )
    )
    connection.execute(update(UserRow).where(UserRow.name == person.name).values(entered_at=now))
    return secret


def find_session(connection: Connection, secret: str, *, now: dt.datetime) -> OpenSession | None:
    """Return the session of this secret with its person as they stand now, or None.

    None as well when it ran out, or its person is disabled or has a new password.
    """
    row = connection.execute(
        select(
            SessionRow.id,
            SessionRow.method,
            SessionRow.seen_at,
            SessionRow.stamp,
            UserRow.name,
            UserRow.role,
            UserRow.must_change,
            UserRow.password_hash,
        )
        .join(UserRow, UserRow.name == SessionRow.user_name)
        .where(SessionRow.digest == _digest(secret), UserRow.disabled_at.is_(None), ~_over(now))
    ).one_or_none()
    if row is None or row.stamp != stamp_of(row.password_hash):
        return None
    person = Person(row.name, accepted_role(row.role), row.must_change, row.stamp)
    return OpenSession(row.id, person, row.method, row.seen_at)


def note_seen(connection: Connection, session_id: int, *, now: dt.datetime) -> None:
    """Write that a session was used; it goes idle counting from here."""
    connection.execute(update(SessionRow).where(SessionRow.id == session_id).values(seen_at=now))


def open_sessions(
    connection: Connection, *, now: dt.datetime, of: str | None = None
) -> list[Session]:
    """Sessions that have not ended, the last used first: everybody's, or ``of`` one user."""
    query = select_fields(Session, SessionRow).where(~_over(now))
    if of is not None:
        query = query.where(SessionRow.user_name == of)
    query = query.order_by(SessionRow.seen_at.desc(), SessionRow.id.desc())
    return [Session(*row) for row in connection.execute(query)]


def leave_session(connection: Connection, secret: str) -> None:
    """End the session of this secret, if there is one: its person logs out."""
    connection.execute(delete(SessionRow).where(SessionRow.digest == _digest(secret)))


def end_session(
    connection: Connection, session_id: int, *, actor: str, of: str | None = None
) -> str | None:
    """End a session from outside; with ``of`` only that user's.

    Returns:
        Whose it was; None when there is no such session.
    """
    query = delete(SessionRow).where(SessionRow.id == session_id)
    if of is not None:
        query = query.where(SessionRow.user_name == of)
    ended = connection.execute(query.returning(SessionRow.user_name)).scalar_one_or_none()
    if ended is not None:
        add_audit(connection, actor=actor, action="session.ended", subject=f"user/{ended}")
    return ended


def end_sessions(connection: Connection, name: str, *, but: int | None = None) -> int:
    """End all sessions of a user, or all ``but`` the one they act in; return how many.

    Whoever calls writes the audit: a session ends here because of something else that was done.
    """
    query = delete(SessionRow).where(SessionRow.user_name == name)
    if but is not None:
        query = query.where(SessionRow.id != but)
    return len(connection.execute(query.returning(SessionRow.id)).all())


def _over(now: dt.datetime) -> ColumnElement[bool]:
    return or_(SessionRow.ends_at <= now, SessionRow.seen_at <= now - IDLE)


def _digest(secret: str) -> str:
    """256 random bits cannot be guessed back from a plain SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
