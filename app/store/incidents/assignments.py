"""Whose an alert is, and who can be given one."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, update

from tierwatch.store.people.roles import ROLES
from tierwatch.store.schema.people import UserRow
from tierwatch.store.schema.proposals import AlertRow

# Who may acknowledge and resolve.
_MAY = ROLES[ROLES.index("reviewer") :]


def assignable(connection: Connection) -> Sequence[str]:
    """Names of the users who may work on alerts, in alphabetical order."""
    found = connection.execute(
        select(UserRow.name)
        .where(UserRow.role.in_(_MAY), UserRow.disabled_at.is_(None))
        .order_by(UserRow.name)
    )
    return tuple(found.scalars())


def put_assignment(connection: Connection, alert_id: int, *, to: str | None, actor: str) -> None:
    """Write down whose an alert is; None for nobody's."""
    connection.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id)
        .values(
            assigned_to=to,
            assigned_by=None if to is None else actor,
            assigned_at=None if to is None else func.now(),
        )
    )
