"""The pairs that a person should check, and the way to label one."""

import uuid
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint
from sqlalchemy import Connection

from tierwatch.dashboard.arguments import before_id
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_site
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.pages.pairs import PairFilter, PairLine, pairs

routes = Blueprint("review", __name__)


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Pairs that are unscored, or were decided by the order of the answers; newest first."""

    template: ClassVar[str] = "review.html"

    pairs: tuple[PairLine, ...]
    before: uuid.UUID | None


@routes.get("/review")
def show() -> str:
    """Pairs to check, newest first."""
    with this_site().engine.connect() as connection:
        page = review_page(connection, before_id())
    return render(page)


def review_page(connection: Connection, before: uuid.UUID | None) -> ReviewPage:
    """Fill a page of pairs to check."""
    found = tuple(pairs(connection, PairFilter(for_review=True), before=before))
    return ReviewPage(pairs=found, before=found[-1].id if len(found) == PAGE else None)
