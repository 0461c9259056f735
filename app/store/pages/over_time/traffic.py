"""Requests and costs by time and tier, and since when there are any."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from tierwatch.store.schema.traffic import RollupRow


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


_STEPS = text(
    """
    select least(floor(extract(epoch from minute - :since) / :step_s), :last)::int as step, tier,
           sum(requests)::bigint, sum(cost_usd + classifier_cost_usd), sum(cost_top_tier_usd)
    from rollups where minute >= :since and minute < :until
    group by 1, 2 order by 1, 2
    """
)


def tier_steps(
    connection: Connection, since: dt.datetime, until: dt.datetime, *, steps: int
) -> list[TierStep]:
    """What each tier served in each of equal steps of time, in order; empty ones are left out."""
    step_s = (until - since).total_seconds() / steps
    asked = {"since": since, "until": until, "step_s": step_s, "last": steps - 1}
    return [TierStep(*row) for row in connection.execute(_STEPS, asked)]


def first_minute(connection: Connection) -> dt.datetime | None:
    """The first minute of traffic that is kept; None before any."""
    return connection.execute(select(func.min(RollupRow.minute))).scalar_one()
