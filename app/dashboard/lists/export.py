"""The list of pairs as a file: sent while it is read, a page of the list at a time."""

import uuid
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Final

from flask import Response, stream_with_context

from tierwatch.dashboard.lists.pair_query import PairQuery
from tierwatch.dashboard.lists.spreadsheet import TYPES, file_lines
from tierwatch.dashboard.site import Database, this_moment, this_person, this_site
from tierwatch.store.audit import add_audit
from tierwatch.store.pages.pairs import PairLine, pairs

# About 40 MB of CSV. More is asked for by time ranges, or through the API page by page.
MOST_ROWS: Final = 100_000
# Rows of a statement: a connection is held for one, never for as long as somebody reads.
_BATCH: Final = 500

COLUMNS: Final = tuple(field.name for field in fields(PairLine))


def note_export(query: PairQuery, kind: str) -> None:
    """Write into the audit who takes which pairs; before the first of them is sent."""
    with this_site().engine.begin() as connection:
        add_audit(
            connection,
            actor=this_person().name,
            action="pairs.exported",
            subject="pairs",
            format=kind,
            **{f"filter_{name}": value for name, value in query.given.items()},
        )


def file_of(query: PairQuery, kind: str) -> Response:
    """The pairs that match, at most `MOST_ROWS`, as a file to save."""
    rows = (asdict(line) for line in _lines(this_site().engine, query))
    plain = ({name: _plain(value) for name, value in row.items()} for row in rows)
    lines = file_lines(kind, COLUMNS, plain)
    reply = Response(stream_with_context(lines), content_type=TYPES[kind])
    name = f"pairs-{this_moment():%Y%m%dT%H%M%SZ}.{kind}"
    reply.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return reply


def _lines(engine: Database, query: PairQuery) -> Iterator[PairLine]:
    before: uuid.UUID | None = None
    for _ in range(MOST_ROWS // _BATCH):
        with engine.connect() as connection:
            found = pairs(connection, query.wanted, before=before, sort=query.sort, limit=_BATCH)
        yield from found
        if len(found) < _BATCH:
            return
        before = found[-1].id


def _plain(value: object) -> object:
    """A value as both formats have it: moments in ISO 8601, ids as text."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value
