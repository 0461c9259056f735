"""The audit, line by line."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from tierwatch.store.pages.lines import PAGE, rows
from tierwatch.store.schema.people import AuditRow


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what to what, and why."""

    id: int
    at: dt.datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


def audit_lines(
    connection: Connection, *, before: int | None = None, subject: str | None = None
) -> list[AuditLine]:
    """The audit, newest first; with ``subject`` only what was done to it."""
    query = select(*AuditRow.__table__.columns).order_by(AuditRow.id.desc()).limit(PAGE)
    if before is not None:
        query = query.where(AuditRow.id < before)
    if subject is not None:
        query = query.where(AuditRow.subject == subject)
    return [AuditLine(**row) for row in rows(connection, query)]
