"""What was spent in a stretch of time, and what more evidence would cost."""

import datetime as dt
from dataclasses import dataclass

from flask import request
from sqlalchemy import Connection

from tierwatch.dashboard.api.route import Query, Route, range_query
from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.dashboard.time_range import read_range
from tierwatch.loop.report.evidence_costs import EvidenceCost, evidence_costs
from tierwatch.store.pages.costs import CostDay, TierCost, cost_days, tier_costs

_USUAL = "-30d"

RANGE: Query = range_query("From this moment on", "Up to this moment", usual=_USUAL)


@dataclass(frozen=True, slots=True)
class CostsAnswer:
    """Costs between two moments; ``evidence`` is by the last seven days."""

    since: dt.datetime
    until: dt.datetime
    tiers: list[TierCost]
    days: list[CostDay]
    evidence: list[EvidenceCost]


def _costs(connection: Connection) -> CostsAnswer:
    now = this_moment()
    asked = read_range(request.args.get("from") or _USUAL, request.args.get("to") or "", now)
    tolerance = this_site().config.evaluation.tolerance
    return CostsAnswer(
        since=asked.since,
        until=asked.until,
        tiers=tier_costs(connection, asked.since, asked.until),
        days=cost_days(connection, asked.since, asked.until),
        evidence=evidence_costs(connection, tolerance, now),
    )


ROUTES = (
    Route("GET", "/costs", "What was spent, by tier and by day.", CostsAnswer, _costs, query=RANGE),
)
