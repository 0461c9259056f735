"""The audit, line by line."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.store.documents import Json
from tierwatch.store.pages.lines import PAGE
from tierwatch.store.schema.people import AuditRow
from tierwatch.store.schema.values import select_fields


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what to what, and why."""

    id: int
    at: dt.datetime
    actor: str
    action: str
    subject: str
    detail: Json


def audit_lines(
    connection: Connection, *, before: int | None = None, subject: str | None = None
) -> list[AuditLine]:
    """The audit, newest first; with ``subject`` only what was done to it."""
    query = select_fields(AuditLine, AuditRow).order_by(AuditRow.id.desc()).limit(PAGE)
    if before is not None:
        query = query.where(AuditRow.id < before)
    if subject is not None:
        query = query.where(AuditRow.subject == subject)
    return [AuditLine(*row) for row in connection.execute(query)]
