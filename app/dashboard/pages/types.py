"""The active task types: how large each is, how often it is misrouted and overspent."""

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.figures import Figure, figure
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.dashboard.time_range import ALL, TimeRange, asked_range
from tierwatch.loop.improve.active_types import TypeLine, types_table

routes = Blueprint("types", __name__)


@dataclass(frozen=True, slots=True)
class TypeFigures:
    """A task type on its page; ``own`` are thresholds in place of the tiers'."""

    name: str
    words: tuple[str, ...]
    requests: int
    share: float
    misroute: Figure
    overspend: Figure
    own: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Separation:
    """Why these types were made active: Cramer's V with the verdicts of pairs that were held out.

    ``chance`` is what random groups of the same sizes reach.
    """

    method: str
    prompts: int
    pairs: int
    v: float
    chance: float


@dataclass(frozen=True, slots=True)
class TypesPage:
    """The active task types; version 0 and no lines when there are none.

    ``range`` is of the rates and of the requests; of all time these are those of seven days.
    ``gone`` names types of the version before that have no successor.
    """

    template: ClassVar[str] = "types.html"

    range: TimeRange
    version: int
    created_at: dt.datetime | None
    separation: Separation | None
    types: tuple[TypeFigures, ...]
    gone: tuple[str, ...]


@routes.get("/types")
def show() -> ResponseReturnValue:
    """The active task types."""
    site = this_site()
    # A type is often rare: what all its pairs say is what people come for.
    asked = asked_range(this_moment(), usual=ALL)
    with site.engine.connect() as connection:
        page = types_page(connection, asked, min_pairs=site.config.evaluation.min_pairs)
    return render(page), 400 if asked.problem else 200


def types_page(connection: Connection, asked: TimeRange, *, min_pairs: int) -> TypesPage:
    """Fill the page of task types; a rate of fewer pairs than ``min_pairs`` is not shown."""
    table = types_table(connection, since=asked.first, until=asked.end_before)
    found = table.evidence
    return TypesPage(
        range=asked,
        version=table.version,
        created_at=table.created_at,
        separation=None
        if table.created_at is None
        else Separation(
            method=found["method"],
            prompts=found["prompts"],
            pairs=found["pairs"][1],
            v=found["v"],
            chance=found["random"],
        ),
        types=tuple(type_figures(line, min_pairs) for line in table.types),
        gone=tuple(sorted(old for old, now in table.mapping.items() if now is None)),
    )


def type_figures(line: TypeLine, min_pairs: int) -> TypeFigures:
    """What is shown of one type."""
    return TypeFigures(
        name=line.name,
        words=line.words,
        requests=line.requests,
        share=line.share,
        misroute=figure(line.misroute, needed=min_pairs),
        overspend=figure(line.overspend, needed=min_pairs),
        own=tuple(sorted(line.thresholds.items())),
    )
