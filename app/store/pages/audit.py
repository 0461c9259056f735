"""The audit, filtered and whole: who, what, when and to what come in, lines go out."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from tierwatch.store.pages.lists import PAGE, AuditLine
from tierwatch.store.schema.people import AuditRow
from tierwatch.store.schema.values import select_fields

_AT_ONCE: Final = 1_000
# An export is a file that somebody opens: more lines than a spreadsheet takes serve nobody.
MOST_EXPORTED: Final = 100_000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines; None for any.

    Attributes:
        who: the actor, whole.
        what: the action, or what it begins with: ``proposal`` finds ``proposal.approved``.
        subject: what it was done to, or its kind: ``alert`` finds ``alert/12``.
        since: the first moment.
        until: the moment after the last.
    """

    who: str | None = None
    what: str | None = None
    subject: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def filtered_lines(
    connection: Connection, wanted: AuditFilter, *, before: int | None = None, most: int = PAGE
) -> list[AuditLine]:
    """Lines that match, newest first, at most so many from ``before`` on."""
    query = select_fields(AuditLine, AuditRow)
    if wanted.who is not None:
        query = query.where(AuditRow.actor == wanted.who)
    if wanted.what is not None:
        query = query.where(AuditRow.action.startswith(wanted.what, autoescape=True))
    if wanted.subject is not None:
        # Not `startswith` alone: alert/1 is not alert/12.
        whole = AuditRow.subject == wanted.subject
        query = query.where(
            whole | AuditRow.subject.startswith(f"{wanted.subject}/", autoescape=True)
        )
    if wanted.since is not None:
        query = query.where(AuditRow.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditRow.at < wanted.until)
    if before is not None:
        query = query.where(AuditRow.id < before)
    found = connection.execute(query.order_by(AuditRow.id.desc()).limit(most))
    return [AuditLine(*row) for row in found]


def every_line(
    connection: Connection, wanted: AuditFilter, *, most: int = MOST_EXPORTED
) -> Iterator[AuditLine]:
    """Every line that matches, newest first, at most ``most``, read in pieces."""
    before, left = None, most
    while left > 0:
        found = filtered_lines(connection, wanted, before=before, most=min(left, _AT_ONCE))
        yield from found
        if len(found) < min(left, _AT_ONCE):
            return
        before, left = found[-1].id, left - len(found)


def actors(connection: Connection, *, most: int = 100) -> list[str]:
    """Who is in the newest lines, for a list to choose from."""
    newest = select(AuditRow.actor).order_by(AuditRow.id.desc()).limit(_AT_ONCE).subquery()
    query = select(newest.c.actor).distinct().order_by(newest.c.actor).limit(most)
    return list(connection.execute(query).scalars())
