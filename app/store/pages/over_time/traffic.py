"""Requests and costs by time and tier, and since when there are any."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from tierwatch.store.schema.traffic import RollupRow
from tierwatch.store.sums.hours import HOURS, NEVER


@dataclass(frozen=True, slots=True)
class TierStep:
    """What a tier served in a step of time.

    Attributes:
        step: its number, from 0.
        tier: which.
        requests: served.
        cost_usd: of serving, the classifier included.
        top_tier_usd: what the top tier's price would have been.
    """

    step: int
    tier: str
    requests: int
    cost_usd: float
    top_tier_usd: float


# Whole hours from their sums; hours in which a step begins, and the last, by the minute.
_STEPS = text(
    f"""
    {HOURS}, cut as (
        -- A second to either side, for where a step begins with an hour but for rounding.
        select distinct date_trunc('hour', at + aside * interval '1 second', 'UTC') as hour
        from (select :since + place * make_interval(secs => :step_s) as at
              from generate_series(0, :last) as place
              union all select :until) as ends, generate_series(-1, 1) as aside
    ), served as (
        select hour as at, tier, requests, cost_usd + classifier_cost_usd as usd,
               cost_top_tier_usd as top
        from hours
        where hour >= :since and hour < :until and requests > 0 and hour not in (table cut)
        union all
        select r.minute, r.tier, r.requests, r.cost_usd + r.classifier_cost_usd,
               r.cost_top_tier_usd
        from cut c join rollups r
          on r.minute >= greatest(c.hour, :since)
         and r.minute < least(c.hour + interval '1 hour', :until)
    )
    select least(floor(extract(epoch from at - :since) / :step_s), :last)::int as step, tier,
           sum(requests)::bigint, sum(usd), sum(top)
    from served group by 1, 2 order by 1, 2
    """  # noqa: S608 - ours
)


def tier_steps(
    connection: Connection, since: dt.datetime, until: dt.datetime, *, steps: int
) -> list[TierStep]:
    """What each tier served in each of equal steps of time, in order; empty ones are left out."""
    step_s = (until - since).total_seconds() / steps
    asked = {"since": since, "until": until, "step_s": step_s, "last": steps - 1, "never": NEVER}
    return [TierStep(*row) for row in connection.execute(_STEPS, asked)]


def first_minute(connection: Connection) -> dt.datetime | None:
    """The first minute of traffic that is kept; None before any."""
    return connection.execute(select(func.min(RollupRow.minute))).scalar_one()
