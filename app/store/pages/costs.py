"""What was spent in a stretch of time, by tier and by day."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from tierwatch.store.reading.one_row import Part
from tierwatch.store.sums.hours import HOURS, NEVER


@dataclass(frozen=True, slots=True)
class TierCost:
    """What serving by a tier cost, and what the top tier's price for the same tokens would be."""

    tier: str
    requests: int
    cost_usd: float
    top_tier_usd: float


@dataclass(frozen=True, slots=True)
class CostDay:
    """What a day cost, by UTC, in disjoint parts.

    ``top_tier_usd`` is no part: it is the bill that the top tier alone would have made.
    """

    day: dt.date
    requests: int
    serving_usd: float
    classifier_usd: float
    shadow_usd: float
    judge_usd: float
    checks_usd: float
    top_tier_usd: float


@dataclass(frozen=True, slots=True)
class Spent:
    """What evaluation cost in a stretch of time, USD, in disjoint parts as `CostDay` has them."""

    shadow_usd: float
    judge_usd: float
    checks_usd: float


# Whole hours from their sums, and the minutes before the first of them and after the last.
_SERVED = f"""{HOURS}, served as (
    select hour as at, tier, requests, cost_usd, classifier_cost_usd, cost_top_tier_usd from hours
    where hour >= :first and hour < :last and requests > 0
    union all
    select minute, tier, requests, cost_usd, classifier_cost_usd, cost_top_tier_usd from rollups
    where minute >= :since and minute < least(:first, :until)
    union all
    select minute, tier, requests, cost_usd, classifier_cost_usd, cost_top_tier_usd from rollups
    where minute >= greatest(:last, :first) and minute < :until
)"""  # noqa: S608 - ours
# Of the other tables each day by its own index, which has what is added up: no row is looked at,
# and none is put into its day one by one.
_DAYS = text(
    f"""
    {_SERVED}, first as (
        select least((select min(created_at) from alternatives where created_at >= :since),
                     (select min(created_at) from verdicts where created_at >= :since),
                     (select min(created_at) from anchor_verdicts where created_at >= :since),
                     (select min(created_at) from probe_answers where created_at >= :since),
                     (select min(created_at) from lost_costs where created_at >= :since)) as at
    ), days as (
        select day, greatest(day, :since) as since, least(day + interval '1 day', :until) as until
        from first, generate_series(date_trunc('day', at, 'UTC'), :until - interval '1 microsecond',
                                    interval '1 day') as day
        where at < :until
    ), spent as (
        select date_trunc('day', at, 'UTC') as day, sum(requests)::bigint as requests,
               sum(cost_usd) as serving, sum(classifier_cost_usd) as classifier, 0::float as shadow,
               0::float as judge, 0::float as checks, sum(cost_top_tier_usd) as top
        from served group by 1
        union all
        select day, 0, 0, 0, shadow, judge, checks, 0
        from days d, lateral (
            select (select sum(cost_usd) from alternatives
                    where created_at >= d.since and created_at < d.until) as shadow,
                   (select sum(cost_usd) from verdicts
                    where created_at >= d.since and created_at < d.until) as judge,
                   (select sum(cost_usd) from (
                        select cost_usd from anchor_verdicts
                        where created_at >= d.since and created_at < d.until
                        union all
                        select cost_usd from probe_answers
                        where created_at >= d.since and created_at < d.until) each_check) as checks
        ) each where coalesce(shadow, judge, checks) is not null
        union all
        select date_trunc('day', created_at, 'UTC'), 0, 0, 0,
               coalesce(sum(cost_usd) filter (where kind = 'shadow'), 0),
               coalesce(sum(cost_usd) filter (where kind = 'judge'), 0),
               coalesce(sum(cost_usd) filter (where kind = 'checks'), 0), 0
        from lost_costs where created_at >= :since and created_at < :until group by 1
    )
    select (day at time zone 'UTC')::date as day, sum(requests)::bigint as requests,
           sum(serving) as serving_usd, sum(classifier) as classifier_usd,
           coalesce(sum(shadow), 0) as shadow_usd, coalesce(sum(judge), 0) as judge_usd,
           coalesce(sum(checks), 0) as checks_usd,
           sum(top) as top_tier_usd
    from spent group by 1 order by 1 desc
    """  # noqa: S608 - ours
)
_TIERS = text(
    f"""
    {_SERVED}
    select tier, sum(requests)::bigint, sum(cost_usd), sum(cost_top_tier_usd)
    from served where requests > 0 group by tier order by tier
    """  # noqa: S608 - ours
)


_SPENT: Final = (
    ("alternatives", "true"),
    ("lost_costs", "kind = 'shadow'"),
    ("verdicts", "true"),
    ("lost_costs", "kind = 'judge'"),
    ("anchor_verdicts", "true"),
    ("probe_answers", "true"),
    ("lost_costs", "kind = 'checks'"),
)


def _spent(since: str, until: str) -> Part[Spent]:
    return Part(
        tuple(
            f"(select sum(cost_usd) from {table} where {which}"  # noqa: S608 - ours
            f" and created_at >= {since} and created_at < {until})"
            for table, which in _SPENT
        ),
        lambda *sums: Spent(*_by_kind(*(0.0 if one is None else float(one) for one in sums))),
    )


def _by_kind(
    shadow: float, lost: float, judge: float, no_verdict: float, *checks: float
) -> tuple[float, float, float]:
    return shadow + lost, judge + no_verdict, sum(checks)


# Between ``since`` and ``until``; and before that, from ``before`` on.
SPENT: Final = _spent(":since", ":until")
SPENT_BEFORE: Final = _spent(":before", ":since")


def cost_days(connection: Connection, since: dt.datetime, until: dt.datetime) -> list[CostDay]:
    """What each day of a stretch of time cost, newest first; days without any are left out."""
    rows = connection.execute(_DAYS, _stretch(since, until)).mappings()
    return [CostDay(**row) for row in rows]


def tier_costs(connection: Connection, since: dt.datetime, until: dt.datetime) -> list[TierCost]:
    """What serving by each tier cost in a stretch of time."""
    return [TierCost(*row) for row in connection.execute(_TIERS, _stretch(since, until))]


def _stretch(since: dt.datetime, until: dt.datetime) -> dict[str, dt.datetime]:
    """The stretch, and the whole hours within it."""
    first, last = (at.replace(minute=0, second=0, microsecond=0) for at in (since, until))
    if first < since:
        first += dt.timedelta(hours=1)
    return {"since": since, "until": until, "first": first, "last": last, "never": NEVER}
