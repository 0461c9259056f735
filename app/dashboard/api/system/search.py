"""What an id belongs to, as the search of the header finds it."""

from dataclasses import dataclass

from flask import request
from sqlalchemy import Connection

from tierwatch.dashboard.api.route import Query, Route
from tierwatch.dashboard.site import stored_text
from tierwatch.store.pages.entrance.search import Found, search

_ID = (
    "A request id (whole, or its first eight digits or more), the number of an alert, a proposal or"
    " a policy (`alert 12`), a session, a trace id, or a user."
)
_ASKED: Query = {"q": ({"type": "string"}, _ID)}


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """Everything that may be meant; empty where the id is not known."""

    found: list[Found]


def _search(connection: Connection) -> SearchAnswer:
    return SearchAnswer(search(connection, stored_text(request.args.get("q", ""))))


ROUTES = (Route("GET", "/search", "What an id belongs to.", SearchAnswer, _search, query=_ASKED),)
