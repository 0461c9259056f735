"""What evidence of each tier costs at present: money and days."""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.evaluation.sampling.pace import pace
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.report.schema import PaceReport, Rate
from tierwatch.store.sums.week_loads import SampledWeek, week_loads

# Of a shorter time nothing can be said by the day.
_LEAST = dt.timedelta(hours=1)


def tier_paces(
    connection: Connection, config: Config, rates: Mapping[str, Rate], week: SampledWeek
) -> dict[str, PaceReport]:
    """By tier that had judged pairs in the last week; others are left out.

    Args:
        connection: any.
        config: what is sampled.
        rates: the misroute rate of each tier, as the report has it.
        week: the last one: traffic and money are of it.
    """
    if week.first is None:
        return {}
    evaluation = config.evaluation
    plan = SamplingPlan(evaluation.sample_rate, evaluation.probe_down_rate)
    density = plan.possible_density(evaluation.burst)
    days = week.days(least=_LEAST)
    loads = week_loads(connection, week)
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
