"""The audit: who did what, filtered as the page filters it."""

from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.dashboard.api.route import BEFORE, Query, Route
from tierwatch.dashboard.arguments import before_number
from tierwatch.dashboard.lists.audit_filter import given_filter, wanted_lines
from tierwatch.dashboard.site import this_moment
from tierwatch.errors import UsageError
from tierwatch.store.pages.audit import filtered_lines
from tierwatch.store.pages.lists import PAGE, AuditLine

_TEXT = {"type": "string"}
_FILTER: Query = {
    "who": (_TEXT, "An actor: a user, `token:NAME`, `tierwatch` or `command line`."),
    "what": (_TEXT, "An action or what it begins with, as `proposal` or `alert.resolved`."),
    "subject": (_TEXT, "What it was done to or its kind, as `alert/12` or `alert`."),
    "from": (_TEXT, "The first moment (RFC 3339), or a time before now as -7d."),
    "to": (_TEXT, "The moment after the last, likewise."),
    **BEFORE,
}


@dataclass(frozen=True, slots=True)
class AuditAnswer:
    """Lines of the audit, newest first."""

    lines: list[AuditLine]
    before: int | None


def _audit(connection: Connection) -> AuditAnswer:
    wanted, problem = wanted_lines(given_filter(), this_moment())
    if problem:
        raise UsageError(problem)
    found = filtered_lines(connection, wanted, before=before_number())
    return AuditAnswer(found, found[-1].id if len(found) == PAGE else None)


ROUTES = (Route("GET", "/audit", "Who did what.", AuditAnswer, _audit, query=_FILTER),)
