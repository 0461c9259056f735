"""What other routers sent, source by source: received, counted, sampled, outside the evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.arguments import sentence
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.dashboard.time_range import TimeRange, asked_range
from tierwatch.store.traffic.sources import PULL_REFUSED, REPEAT, SHED, SourceFunnel, source_funnels

USUAL: Final = "-30d"
RANGES: Final = ("-24h", "-7d", "-30d", "-90d")

routes = Blueprint("sources", __name__)


@dataclass(frozen=True, slots=True)
class OutsideLine:
    """A reason why calls cannot be evidence: how many, and which share of the counted ones."""

    reason: str
    calls: int
    share: float | None


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source on the page.

    Attributes:
        funnel: its figures.
        outside: the reasons, most calls first.
        passed_over: by kind what else was sent, without repeats and shed batches, most first.
    """

    funnel: SourceFunnel
    outside: tuple[OutsideLine, ...]
    passed_over: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SourcesPage:
    """What each source sent in a stretch of time.

    Attributes:
        range: the stretch.
        ranges: others to choose from.
        problem: why another stretch was not accepted.
        sources: a line each.
        silent: those that have a key or a pull, of which nothing came.
        refused: pulls whose key was refused, with how often.
    """

    template: ClassVar[str] = "sources.html"

    range: TimeRange
    ranges: tuple[str, ...]
    problem: str
    sources: tuple[SourceLine, ...]
    silent: tuple[str, ...]
    refused: Mapping[str, int]


@routes.get("/sources")
def show() -> ResponseReturnValue:
    """What each source sent."""
    site = this_site()
    asked = asked_range(this_moment(), usual=USUAL)
    with site.engine.connect() as connection:
        page = sources_page(connection, site.config, asked)
    return render(page), 400 if asked.problem else 200


def sources_page(connection: Connection, config: Config, asked: TimeRange) -> SourcesPage:
    """Fill the page of sources."""
    since, until = asked.days
    funnels = source_funnels(connection, since=since, until=until)
    intake = config.intake
    heard = {one.source for one in funnels}
    pulled = {one.source for one in intake.pulls}
    known = {one.source for one in intake.keys} | pulled
    return SourcesPage(
        range=asked,
        ranges=RANGES,
        problem=sentence(asked.problem) if asked.problem else "",
        sources=tuple(map(source_line, funnels)),
        silent=tuple(sorted(known - heard)),
        refused={
            one.source: times
            for one in funnels
            if (times := one.passed_over.get(PULL_REFUSED, 0)) and one.source in pulled
        },
    )


def source_line(funnel: SourceFunnel) -> SourceLine:
    """A source on the page."""
    return SourceLine(
        funnel=funnel,
        outside=tuple(
            OutsideLine(reason, calls, calls / funnel.calls if funnel.calls else None)
            for reason, calls in funnel.outside.items()
        ),
        passed_over={
            kind: number
            for kind, number in funnel.passed_over.items()
            if kind not in {REPEAT, SHED}
        },
    )
