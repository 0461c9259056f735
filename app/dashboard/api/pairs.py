"""Pairs: read."""

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.dashboard.api.route import BEFORE, Route, one_of, there
from tierwatch.dashboard.arguments import LONGEST_TYPE, before_id, wanted_pairs
from tierwatch.dashboard.site import this_site
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.pages.pair import Pair, pair
from tierwatch.store.pages.pairs import DIRECTIONS, PREFERENCES, STAGES, PairLine, pairs


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs, newest first."""

    pairs: list[PairLine]
    before: uuid.UUID | None


def _pairs(connection: Connection) -> Pairs:
    found = pairs(connection, wanted_pairs(this_site().config.serving), before=before_id())
    return Pairs(found, found[-1].id if len(found) == PAGE else None)


def _pair(connection: Connection, pair_id: uuid.UUID) -> Pair:
    return there(pair(connection, pair_id))


ROUTES = (
    Route(
        "GET",
        "/pairs",
        "Pairs, newest first.",
        Pairs,
        _pairs,
        query={
            **BEFORE,
            "tier": ({"type": "string"}, "Tier that served."),
            "direction": one_of(
                "Which tier the shadow ran on: the one above, the one below, or the top one of a"
                " pair that is compared with it as well. Without it, neighbouring tiers.",
                *DIRECTIONS,
            ),
            "verdict": one_of("Which answer was better.", *PREFERENCES),
            "stage": one_of("How far it has got.", *STAGES),
            "task_type": (
                {"type": "string", "maxLength": LONGEST_TYPE},
                "Task type that was routed; unfamiliar is what is unlike anything judged.",
            ),
        },
    ),
    Route("GET", "/pairs/<uuid:pair_id>", "One pair.", Pair, _pair),
)
