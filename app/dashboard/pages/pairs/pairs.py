"""The list of pairs, by tier, task type, direction, verdict and stage."""

import uuid
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint
from sqlalchemy import Connection

from tierwatch.dashboard.arguments import before_id, wanted_pairs
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_site
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.pages.pairs import DIRECTIONS, PREFERENCES, STAGES, PairFilter, PairLine, pairs

routes = Blueprint("pairs", __name__)


@dataclass(frozen=True, slots=True)
class PairsPage:
    """Pairs that match a filter, newest first, and what the filter offers."""

    template: ClassVar[str] = "pairs.html"

    wanted: PairFilter
    tiers: tuple[str, ...]
    directions: tuple[str, ...]
    preferences: tuple[str, ...]
    stages: tuple[str, ...]
    pairs: tuple[PairLine, ...]
    before: uuid.UUID | None


@routes.get("/pairs")
def show() -> str:
    """Pairs, newest first."""
    site = this_site()
    with site.engine.connect() as connection:
        page = pairs_page(
            connection,
            site.config.serving,
            wanted_pairs(site.config.serving),
            before_id(),
        )
    return render(page)


def pairs_page(
    connection: Connection, tiers: tuple[str, ...], wanted: PairFilter, before: uuid.UUID | None
) -> PairsPage:
    """Fill a page of pairs.

    Args:
        connection: any.
        tiers: names that the filter offers.
        wanted: which pairs.
        before: the last pair of the page before.
    """
    found = tuple(pairs(connection, wanted, before=before))
    return PairsPage(
        wanted=wanted,
        tiers=tiers,
        directions=DIRECTIONS,
        preferences=PREFERENCES,
        stages=STAGES,
        pairs=found,
        before=found[-1].id if len(found) == PAGE else None,
    )
