"""The list of pairs: searched, narrowed, sorted, and taken away as a file."""

import uuid
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import before_id, choice
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.lists.export import file_of, note_export
from tierwatch.dashboard.lists.pair_query import ORDERS, PairQuery, read_pair_query
from tierwatch.dashboard.lists.spreadsheet import TYPES
from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.pages.pair_filter import DIRECTIONS, PREFERENCES, SORTS, STAGES
from tierwatch.store.pages.pairs import PairLine, pairs

routes = Blueprint("pairs", __name__)


@dataclass(frozen=True, slots=True)
class PairsPage:
    """Pairs that match a query, and what the query may ask for."""

    template: ClassVar[str] = "pairs.html"

    query: PairQuery
    tiers: tuple[str, ...]
    directions: tuple[str, ...]
    preferences: tuple[str, ...]
    orders: tuple[str, ...]
    stages: tuple[str, ...]
    sorts: tuple[str, ...]
    formats: tuple[str, ...]
    pairs: tuple[PairLine, ...]
    before: uuid.UUID | None


@routes.get("/pairs")
def show() -> ResponseReturnValue:
    """Pairs that match; with a word that is not accepted, those that match the others."""
    before = before_id()
    query = _asked()
    site = this_site()
    with site.engine.connect() as connection:
        page = pairs_page(connection, site.config.serving, query, before)
    return render(page), 400 if query.every_problem else 200


@routes.get("/pairs/export")
@require("reviewer")
def export() -> ResponseReturnValue:
    """The pairs that match, as a file; the audit says who took it."""
    kind, query = choice("format", tuple(TYPES)) or "csv", _asked()
    if query.every_problem:
        return show()
    note_export(query, kind)
    return file_of(query, kind)


def _asked() -> PairQuery:
    serving = this_site().config.serving
    return read_pair_query(request.args, tiers=serving, now=this_moment())


def pairs_page(
    connection: Connection, tiers: tuple[str, ...], query: PairQuery, before: uuid.UUID | None
) -> PairsPage:
    """Fill a page of pairs.

    Args:
        connection: any.
        tiers: names that the filter offers.
        query: which pairs, in which order.
        before: the last pair of the page before.
    """
    found = tuple(pairs(connection, query.wanted, before=before, sort=query.sort))
    return PairsPage(
        query=query,
        tiers=tiers,
        directions=DIRECTIONS,
        preferences=PREFERENCES,
        orders=ORDERS,
        stages=STAGES,
        sorts=SORTS,
        formats=tuple(TYPES),
        pairs=found,
        before=found[-1].id if len(found) == PAGE else None,
    )
