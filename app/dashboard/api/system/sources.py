"""What other routers sent, source by source, as the page of sources shows it."""

import datetime as dt
from dataclasses import dataclass

from flask import request
from sqlalchemy import Connection

from tierwatch.dashboard.api.route import Route
from tierwatch.dashboard.api.system.costs import RANGE
from tierwatch.dashboard.site import this_moment
from tierwatch.dashboard.time_range import read_range
from tierwatch.store.traffic.sources import source_funnels

_USUAL = "-30d"


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """What one source sent.

    Attributes:
        received: how often a call came, repeats with it.
        calls: counted once each.
        sampled: of these, kept for an evaluation.
        outside: of these, those that cannot be evidence, by reason.
        outside_share: the share of the calls that they are; null of none.
        passed_over: what was sent and is no call, or was counted before, by kind.
        last_day: on which something was sent (UTC).
    """

    source: str
    received: int
    calls: int
    sampled: int
    outside: dict[str, int]
    outside_share: float | None
    passed_over: dict[str, int]
    last_day: dt.date


@dataclass(frozen=True, slots=True)
class SourcesAnswer:
    """What each source sent from the day of one moment to the day of another (UTC)."""

    since: dt.datetime
    until: dt.datetime
    sources: list[SourceAnswer]


def _sources(connection: Connection) -> SourcesAnswer:
    now = this_moment()
    asked = read_range(request.args.get("from") or _USUAL, request.args.get("to") or "", now)
    since, until = asked.days
    return SourcesAnswer(
        since=asked.since,
        until=asked.until,
        sources=[
            SourceAnswer(
                source=one.source,
                received=one.received,
                calls=one.calls,
                sampled=one.sampled,
                outside=dict(one.outside),
                outside_share=one.outside_share,
                passed_over=dict(one.passed_over),
                last_day=one.last_day,
            )
            for one in source_funnels(connection, since=since, until=until)
        ],
    )


ROUTES = (
    Route(
        "GET",
        "/sources",
        "What other routers sent, by source, and what became of it.",
        SourcesAnswer,
        _sources,
        query=RANGE,
    ),
)
