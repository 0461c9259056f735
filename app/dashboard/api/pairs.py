"""Pairs: read."""

import uuid
from dataclasses import dataclass

from flask import abort, request
from sqlalchemy import Connection

from tierwatch.dashboard.api.route import BEFORE, Query, Route, one_of, range_query, there
from tierwatch.dashboard.arguments import before_id
from tierwatch.dashboard.lists.pair_query import LONGEST, ORDERS, read_pair_query
from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.dashboard.time_range import ALL
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.pages.pair import Pair, pair
from tierwatch.store.pages.pair_filter import DIRECTIONS, PREFERENCES, SORTS, STAGES
from tierwatch.store.pages.pairs import PairLine, pairs


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs that match, in the order that was asked for."""

    pairs: list[PairLine]
    before: uuid.UUID | None


def _pairs(connection: Connection) -> Pairs:
    before = before_id()
    serving = this_site().config.serving
    query = read_pair_query(request.args, tiers=serving, now=this_moment())
    if query.every_problem:
        abort(400, "; ".join(query.every_problem))
    found = pairs(connection, query.wanted, before=before, sort=query.sort)
    return Pairs(found, found[-1].id if len(found) == PAGE else None)


def _pair(connection: Connection, pair_id: uuid.UUID) -> Pair:
    return there(pair(connection, pair_id))


def _text(meaning: str) -> tuple[dict[str, object], str]:
    return {"type": "string", "maxLength": LONGEST}, meaning


def _from(meaning: str) -> tuple[dict[str, object], str]:
    return {"type": "number", "minimum": 0}, meaning


_MORE: Query = {
    "q": _text("Words that the question or one answer has, all of them, in any order."),
    "id": _text("Id of a pair or of a request, or a request's number."),
    "session": _text("Conversation, whole."),
    "client": _text("Name of the gateway's key that was shown, or of the source that sent it."),
    **range_query("Arrived then or later", "Arrived before then", usual=ALL),
    "orders": one_of("Whether the judge said the same in both orders.", *ORDERS),
    "model": _text("Model that served."),
    "policy": ({"type": "integer", "minimum": 0}, "Version of the policy that routed it."),
    "prompt": _text("Version of the prompt, as the caller names it or as a pair has it."),
    "cost": _from("Dollars that the served answer cost, at least."),
    "latency": _from("Milliseconds that it took, at least."),
    "sort": one_of("Order of the list; cost and latency have the largest first.", *SORTS),
}

ROUTES = (
    Route(
        "GET",
        "/pairs",
        "Pairs that match, newest first unless sorted otherwise.",
        Pairs,
        _pairs,
        query={
            **BEFORE,
            **_MORE,
            "tier": ({"type": "string"}, "Tier that served."),
            "direction": one_of(
                "Which tier the shadow ran on: the one above, the one below, or the top one of a"
                " pair that is compared with it as well. Without it, neighbouring tiers.",
                *DIRECTIONS,
            ),
            "verdict": one_of("Which answer was better.", *PREFERENCES),
            "stage": one_of("How far it has got.", *STAGES),
            "task_type": _text(
                "Task type that was routed; unfamiliar is what is unlike anything judged."
            ),
        },
    ),
    Route("GET", "/pairs/<uuid:pair_id>", "One pair.", Pair, _pair),
)
