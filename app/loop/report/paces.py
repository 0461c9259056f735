"""What evidence of each tier costs at present: money and days."""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from tierwatch.config import Config
from tierwatch.evaluation.sampling.pace import pace
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.report.schema import PaceReport, Rate
from tierwatch.store.judgements.bursts import first_arrival, segment_loads

# Traffic and money are those of the last week: every day of it counts once.
_MEASURED = dt.timedelta(days=7)
# Of a shorter time nothing can be said by the day.
_LEAST_DAYS = 1 / 24


def tier_paces(
    connection: Connection, config: Config, rates: Mapping[str, Rate]
) -> dict[str, PaceReport]:
    """By tier that had judged pairs in the last week; others are left out.

    Args:
        connection: any.
        config: what is sampled.
        rates: the misroute rate of each tier, as the report has it.
    """
    now = connection.execute(select(func.now())).scalar_one()
    since = now - _MEASURED
    first = first_arrival(connection, since)
    if first is None:
        return {}
    evaluation = config.evaluation
    plan = SamplingPlan(evaluation.sample_rate, evaluation.probe_down_rate)
    density = plan.possible_density(evaluation.burst)
    days = max((now - max(first, since)) / dt.timedelta(days=1), _LEAST_DAYS)
    loads = segment_loads(connection, since)
    found = {}
    for tier, rate in rates.items():
        mine = [load for load in loads if load.tier == tier]
        low, known = rate["low"], rate["estimate"] is not None
        one = pace(
            pairs=sum(load.pairs for load in mine),
            usd=sum(load.usd for load in mine),
            days=days,
            density=density,
            width=rate["high"] - low if known and low is not None else None,
            n=rate["n"],
        )
        if one is not None:
            found[tier] = PaceReport(
                pairs_per_day=one.pairs_per_day,
                usd_per_pair=one.usd_per_pair,
                days_to_rise=one.days_to_rise,
                usd_to_rise=one.usd_to_rise,
                usd_a_point=one.usd_a_point,
                days_a_point=one.days_a_point,
            )
    return found
