"""The audit: who did what."""

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint
from sqlalchemy import Connection

from tierwatch.dashboard.arguments import before_number
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_site
from tierwatch.store.pages.lists import PAGE, AuditLine, audit_lines

routes = Blueprint("audit", __name__)


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Who did what, newest first."""

    template: ClassVar[str] = "audit.html"

    lines: tuple[AuditLine, ...]
    before: int | None


@routes.get("/audit")
def show() -> str:
    """Who did what."""
    with this_site().engine.connect() as connection:
        page = audit_page(connection, before_number())
    return render(page)


def audit_page(connection: Connection, before: int | None) -> AuditPage:
    """Fill a page of the audit."""
    found = tuple(audit_lines(connection, before=before))
    return AuditPage(lines=found, before=found[-1].id if len(found) == PAGE else None)
