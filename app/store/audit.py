"""Who did what and why; append-only."""

from collections.abc import Mapping

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.people import AuditRow


def add_audit(
    connection: Connection, *, actor: str, action: str, subject: str, **detail: object
) -> None:
    """Append one line, in the transaction of what it tells of.

    Args:
        connection: inside the caller's transaction.
        actor: a user's or token's name, or ``tierwatch`` for what it did itself.
        action: a verb in the past, as ``proposal.approved``.
        subject: what it was done to, as ``proposal/12``.
        detail: anything JSON can hold.
    """
    add_line(connection, actor, action, subject, detail)


def add_line(
    connection: Connection, actor: str, action: str, subject: str, detail: Mapping[str, object]
) -> None:
    """As `add_audit`, for a detail whose names others choose: any is accepted."""
    connection.execute(
        insert(AuditRow).values(actor=actor, action=action, subject=subject, detail=dict(detail))
    )
