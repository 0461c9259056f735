"""People whom somebody else vouches for: a single sign-on, or a proxy in front of the dashboard."""

import datetime as dt
import re
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.errors import ConflictError, UsageError
from tierwatch.store.audit import add_audit, add_line
from tierwatch.store.people.accounts import lock_admins
from tierwatch.store.people.roles import (
    LONGEST_SUBJECT,
    ROLES,
    Person,
    Role,
    accepted_role,
    accepted_user_name,
)
from tierwatch.store.people.sessions import end_sessions
from tierwatch.store.schema.people import AuditRow, UserRow

EVERYBODY = "*"

_TAKEN = (
    "there is another user {name!r}, or one whose name looks the same, already; an administrator"
    " removes that one, or adds this one by its subject under another name"
)
_SPACES = re.compile(r"\s+")


def role_of(groups: Collection[str], roles: Mapping[Role, Collection[str]]) -> Role | None:
    """The highest role that one of these groups has, or None.

    Args:
        groups: of the person.
        roles: groups by role; ``*`` is everybody.

    >>> role_of(["ops", "all"], {"viewer": ["*"], "admin": ["ops"]})
    'admin'
    """
    for role in reversed(ROLES):
        wanted = set(roles.get(role, ()))
        if EVERYBODY in wanted or wanted & set(groups):
            return role
    return None


def enter_outsider(
    connection: Connection, *, subject: str, name: str, role: Role | None, vouched_by: str
) -> Person | None:
    """Return the user whom somebody else has named, added or given the role of today.

    Args:
        connection: inside the caller's transaction.
        subject: who they are there, for good; unique over all who vouch.
        name: what they are called here when they come first; spaces become dots.
        role: by their groups of today; None leaves them outside and ends their sessions.
        vouched_by: ``oidc`` or ``proxy``, for the audit.

    Returns:
        None when they have no role, or have been disabled here. The last admin who may enter keeps
        the role whatever lesser one their groups have: the audit says so, once.

    Raises:
        UsageError: a name that could not be shown.
        ConflictError: another user has the name.
    """
    row = _read(connection, subject)
    if row is None:
        if role is None:
            return None
        own_name = accepted_user_name(_SPACES.sub(".", name.strip()))
        if _add(connection, subject, own_name, role, vouched_by):
            return Person(own_name, role)
        row = _read(connection, subject)
        if row is None:
            raise ConflictError(_TAKEN.format(name=own_name))
    if role is None:
        end_sessions(connection, row.name)
        return None
    if row.disabled_at is not None:
        return None
    # Nothing is locked where nothing changes: a proxy names its people with each request.
    if row.role != role:
        role = _give_role(connection, row.name, role, vouched_by)
    return Person(row.name, role)


def _read(connection: Connection, subject: str) -> Row[str, str, dt.datetime | None] | None:
    query = select(UserRow.name, UserRow.role, UserRow.disabled_at)
    return connection.execute(query.where(UserRow.subject == subject)).one_or_none()


def _give_role(connection: Connection, name: str, role: Role, vouched_by: str) -> Role:
    """The role they have now. Of those who come at once with the same new one, one writes it."""
    admins = lock_admins(connection)
    former = connection.execute(
        select(UserRow.role).where(UserRow.name == name).with_for_update()
    ).scalar_one_or_none()
    if former is None or former == role:
        return role
    change = {"from": accepted_role(former), "to": role}
    if admins == [name]:
        _say_kept(connection, name, change, vouched_by)
        return "admin"
    connection.execute(update(UserRow).where(UserRow.name == name).values(role=role))
    add_line(connection, vouched_by, "user.role_changed", f"user/{name}", change)
    return role


def _say_kept(connection: Connection, name: str, change: Mapping[str, str], by: str) -> None:
    """That the last admin keeps the role; not again while nothing else has happened to them."""
    line = ("user.role_kept", dict(change))
    last = connection.execute(
        select(AuditRow.action, AuditRow.detail)
        .where(AuditRow.subject == f"user/{name}")
        .order_by(AuditRow.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None or tuple(last) != line:
        add_line(connection, by, "user.role_kept", f"user/{name}", change)


def _add(connection: Connection, subject: str, name: str, role: Role, vouched_by: str) -> bool:
    """Add a user, unless another request of the same person has done so meanwhile.

    Raises:
        UsageError: a subject that is too long to be one.
        ConflictError: another user has the name, or one that differs in case alone.
    """
    if len(subject) > LONGEST_SUBJECT:
        raise UsageError(
            f"subject: found {len(subject)} characters; accepted: 1 to {LONGEST_SUBJECT}"
        )
    # Whoever may choose their name elsewhere must neither become somebody here nor look like them.
    others = connection.execute(
        select(UserRow.name).where(UserRow.subject.is_distinct_from(subject))
    )
    if name.casefold() in {other.casefold() for other in others.scalars()}:
        raise ConflictError(_TAKEN.format(name=name))
    added = connection.execute(
        insert(UserRow)
        .values(name=name, subject=subject, role=role, must_change=False)
        .on_conflict_do_nothing()
        .returning(UserRow.name)
    ).one_or_none()
    if added is None:
        return False
    add_audit(
        connection,
        actor=vouched_by,
        action="user.added",
        subject=f"user/{name}",
        role=role,
    )
    return True
