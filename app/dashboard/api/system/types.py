"""The active task types, as ``tierwatch types --json`` prints them."""

import datetime as dt
from dataclasses import dataclass

from flask import request
from sqlalchemy import Connection

from tierwatch.dashboard.api.rate import Rate, rate
from tierwatch.dashboard.api.route import Route, range_query
from tierwatch.dashboard.site import this_moment
from tierwatch.dashboard.time_range import ALL, read_range
from tierwatch.loop.improve.active_types import types_table
from tierwatch.store.documents import JsonValue


@dataclass(frozen=True, slots=True)
class TaskType:
    """A task type.

    Attributes:
        words: that it is known by.
        requests: of the time asked for; where that is all of it, of the last seven days.
        share: of all requests that were given an active type.
        misroute: rate at which served answers were worse than the next tier's.
        overspend: rate at which a cheaper tier would have done.
        thresholds: its own, by tier; empty where the tiers' apply.
    """

    name: str
    words: list[str]
    requests: int
    share: float
    misroute: Rate
    overspend: Rate
    thresholds: dict[str, float]


@dataclass(frozen=True, slots=True)
class TaskTypes:
    """The active task types; version 0 and none listed when there are none.

    Attributes:
        mapping: of each type of the version before, its successor; null where it has none.
        evidence: why these were made active.
    """

    version: int
    created_at: dt.datetime | None
    types: list[TaskType]
    mapping: dict[str, str | None]
    evidence: JsonValue


def _types(connection: Connection) -> TaskTypes:
    start, end = request.args.get("from") or ALL, request.args.get("to") or ""
    asked = read_range(start, end, this_moment())
    table = types_table(connection, since=asked.first, until=asked.end_before)
    return TaskTypes(
        version=table.version,
        created_at=table.created_at,
        types=[
            TaskType(
                name=line.name,
                words=list(line.words),
                requests=line.requests,
                share=line.share,
                misroute=rate(line.misroute),
                overspend=rate(line.overspend),
                thresholds=line.thresholds,
            )
            for line in table.types
        ],
        mapping=table.mapping,
        evidence=table.evidence,
    )


ROUTES = (
    Route(
        "GET",
        "/types",
        "The active task types, with what is known of each.",
        TaskTypes,
        _types,
        query=range_query("Rates of pairs that arrived then or later", "Before then", usual=ALL),
    ),
)
