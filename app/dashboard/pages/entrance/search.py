"""The search in the header: any id leads to its page, anything else to the texts of the pairs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import stored_text, this_person, this_site
from tierwatch.store.pages.entrance.search import LONGEST, Found, Kind, search

routes = Blueprint("search", __name__)

_WORDS: Final[dict[Kind, str]] = {
    "alert": "Alert",
    "proposal": "Proposal",
    "policy": "Policy",
    "pair": "Pair",
    "session": "Pairs of session",
    "user": "What was done by",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """What was found, in words, and its page."""

    words: str
    href: str


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What was asked for, and every page that it may mean."""

    template: ClassVar[str] = "search.html"

    asked: str
    hits: tuple[Hit, ...]
    texts: str


@routes.get("/search")
def show() -> str | Response:
    """The page of what was asked for, or a list where that says no more."""
    asked = stored_text(request.args.get("q", "")).strip()[:LONGEST]
    found: list[Found] = []
    if asked:
        with this_site().engine.connect() as connection:
            found = search(connection, asked)
    hits = tuple(Hit(f"{_WORDS[one.kind]} {one.id}", address(one)) for one in found)
    if len(hits) == 1:
        return redirect(hits[0].href)
    texts = url_for("pairs.show", q=asked) if asked else ""
    if texts and not hits and " " in asked:
        return redirect(texts)
    return render(SearchPage(asked, hits, texts))


def address(found: Found) -> str:
    """The page of what was found."""
    if found.kind == "user" and not this_person().may("admin"):
        return url_for("audit.show", who=found.id)
    page, values = _pages(found.id)[found.kind]
    return url_for(page, **values)


def _pages(found: str) -> Mapping[Kind, tuple[str, dict[str, Any]]]:
    return {
        "alert": ("alert.show", {"alert_id": found}),
        "proposal": ("proposal.show", {"proposal_id": found}),
        "policy": ("policies.show", {"_anchor": f"policy-{found}"}),
        "pair": ("pair.show", {"pair_id": found}),
        "session": ("pairs.show", {"session": found}),
        "user": ("users.show", {"_anchor": f"user-{found}"}),
    }
