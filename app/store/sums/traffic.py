"""All traffic of a stretch of time, in steps of it, by tier."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from tierwatch.store.sums.judged import whole_hours


@dataclass(frozen=True, slots=True)
class TrafficStep:
    """All requests that a tier served in a step of a stretch of time.

    Attributes:
        start: of the step, in UTC.
        tier: that served.
        requests: how many.
        errors: of them.
        escalated: of them, above the tier that the classifier named.
        sampled: of them.
        cost_usd: of serving them, classifiers apart.
        cost_top_tier_usd: what the top tier's price for the same tokens would be.
        latency_ms: sum over the requests.
    """

    start: dt.datetime
    tier: str
    requests: int
    errors: int
    escalated: int
    sampled: int
    cost_usd: float
    cost_top_tier_usd: float
    latency_ms: float


_SERIES: Final = text(
    """
    select date_bin(:step, minute, :since) as start, tier, sum(requests)::bigint as requests,
           sum(errors)::bigint as errors, sum(escalated)::bigint as escalated,
           sum(sampled)::bigint as sampled, sum(cost_usd) as cost_usd,
           sum(cost_top_tier_usd) as cost_top_tier_usd, sum(latency_ms) as latency_ms
    from rollups where minute >= :since and minute < :until
    group by 1, 2 order by 1, 2
    """
)


def traffic_series(
    connection: Connection, *, since: dt.datetime, until: dt.datetime, step: dt.timedelta
) -> list[TrafficStep]:
    """All traffic by tier in steps of a stretch of time, in order; empty steps are absent.

    Args:
        connection: any.
        since: rounded down to the hour; the first step begins there.
        until: not included.
        step: whole hours.

    Raises:
        ValueError: the step is not a whole number of hours, 1 or more.
    """
    begin = since.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    wanted = {"since": begin, "until": until, "step": whole_hours(step)}
    return [TrafficStep(**row) for row in connection.execute(_SERIES, wanted).mappings()]
