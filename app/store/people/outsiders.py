"""People whom somebody else vouches for: a single sign-on, or a proxy in front of the dashboard."""

import re
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, insert, select, update

from tierwatch.errors import ConflictError
from tierwatch.store.audit import add_audit
from tierwatch.store.people.roles import ROLES, Person, Role, accepted_name, accepted_role
from tierwatch.store.people.sessions import end_sessions
from tierwatch.store.schema.people import UserRow

EVERYBODY = "*"

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
        None when they have no role, or have been disabled here.

    Raises:
        UsageError: a name that could not be shown.
        ConflictError: another user has the name.
    """
    row = connection.execute(
        select(UserRow.name, UserRow.role, UserRow.disabled_at)
        .where(UserRow.subject == subject)
        .with_for_update()
    ).one_or_none()
    if row is None:
        if role is None:
            return None
        return _add(
            connection, subject, accepted_name(_SPACES.sub(".", name.strip())), role, vouched_by
        )
    if role is None:
        end_sessions(connection, row.name)
        return None
    if row.disabled_at is not None:
        return None
    if row.role != role:
        connection.execute(update(UserRow).where(UserRow.name == row.name).values(role=role))
        add_audit(
            connection,
            actor=vouched_by,
            action="user.role_changed",
            subject=f"user/{row.name}",
            before=accepted_role(row.role),
            role=role,
        )
    return Person(row.name, role)


def _add(connection: Connection, subject: str, name: str, role: Role, vouched_by: str) -> Person:
    taken = connection.execute(
        select(UserRow.name).where(UserRow.name == name)
    ).scalar_one_or_none()
    if taken is not None:
        # Whoever may choose their name elsewhere must not become somebody here.
        raise ConflictError(
            f"there is another user {name!r} already; an administrator removes or renames one"
        )
    connection.execute(
        insert(UserRow).values(name=name, subject=subject, role=role, must_change=False)
    )
    add_audit(
        connection,
        actor=vouched_by,
        action="user.added",
        subject=f"user/{name}",
        role=role,
    )
    return Person(name, role)
