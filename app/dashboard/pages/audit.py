"""The audit: who did what, filtered by the query, and as a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.arguments import before_number
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.lists.audit_filter import FIELDS, given_filter, wanted_lines
from tierwatch.dashboard.lists.spreadsheet import TYPES, file_lines
from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.store.pages.audit import AuditFilter, actors, every_line, filtered_lines
from tierwatch.store.pages.lists import PAGE, AuditLine

routes = Blueprint("audit", __name__)

_COLUMNS: Final = ("id", "at", "actor", "action", "subject", "detail")


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Who did what, newest first.

    Attributes:
        given: the filter as it was typed, by the names of its fields.
        problem: what of it was not accepted, and so is left out.
        actors: who may be chosen.
    """

    template: ClassVar[str] = "audit.html"

    lines: tuple[AuditLine, ...]
    before: int | None
    given: Mapping[str, str]
    problem: str
    actors: tuple[str, ...]


@routes.get("/audit")
def show() -> ResponseReturnValue:
    """Who did what; what of the filter is not accepted is said on the page, and left out."""
    given = given_filter()
    wanted, problem = wanted_lines(given, this_moment())
    with this_site().engine.connect() as connection:
        page = audit_page(connection, before_number(), wanted=wanted, given=given, problem=problem)
    return render(page), 400 if problem else 200


@routes.get("/audit/<any(csv, jsonl):form>")
def export(form: str) -> Response:
    """The lines of the filter as a file."""
    wanted, problem = wanted_lines(given_filter(), this_moment())
    if problem:
        abort(400, problem)
    with this_site().engine.connect() as connection:
        rows = [
            {column: getattr(line, column) for column in _COLUMNS} | {"at": line.at.isoformat()}
            for line in every_line(connection, wanted)
        ]
    return Response(
        file_lines(form, _COLUMNS, rows),
        content_type=TYPES[form],
        headers={"Content-Disposition": f"attachment; filename=audit.{form}"},
    )


def audit_page(
    connection: Connection,
    before: int | None,
    *,
    wanted: AuditFilter | None = None,
    given: Mapping[str, str] | None = None,
    problem: str = "",
) -> AuditPage:
    """Fill a page of the audit."""
    found = tuple(filtered_lines(connection, wanted or AuditFilter(), before=before))
    return AuditPage(
        lines=found,
        before=found[-1].id if len(found) == PAGE else None,
        given={name: (given or {}).get(name, "") for name in FIELDS},
        problem=problem,
        actors=tuple(actors(connection)),
    )
