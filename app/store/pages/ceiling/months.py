"""By the month: probes that a tier passed, labels of its answers, what was spent and saved."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text

from tierwatch.evaluation.ceiling.trend import Passed
from tierwatch.store.sums.hours import HOURS, NEVER


@dataclass(frozen=True, slots=True)
class LabelMonth:
    """What people said of a tier's answers of a month, beside another tier's.

    Attributes:
        month: in which the answers were given; its first day.
        better: labels that prefer the tier's answer.
        worse: labels that prefer the other one.
        tie: labels that prefer neither.
    """

    month: dt.date
    better: int
    worse: int
    tie: int


@dataclass(frozen=True, slots=True)
class SpentMonth:
    """What a month cost, in disjoint parts; evaluation of its exchanges is in their month.

    ``top_tier_usd`` is no part: it is the bill that the top tier alone would have made.
    """

    month: dt.date
    requests: int
    serving_usd: float
    classifier_usd: float
    shadow_usd: float
    judge_usd: float
    checks_usd: float
    top_tier_usd: float


# In the first run of a model each probe is asked twice and has to pass twice, which is another
# measurement. Interleaved runs are the same set under a name of their own.
_PROBES = text(
    """
    with runs as (
        select id, model, set_version, row_number() over (
                   partition by model, set_version order by id) as place
        from evalset_runs where kind = 'probes' and subject = :tier
    ), kept as (
        select id, model, replace(set_version, ', by the hour', '') as version from runs
        where place > 1 or set_version like '%, by the hour'
    )
    select (date_trunc('month', p.created_at, 'UTC') at time zone 'UTC')::date as month,
           version, model, count(*), count(*) filter (where p.passed)
    from kept join probe_answers p on p.run_id = kept.id
    where p.passed is not null and p.created_at >= :since
    group by 1, 2, 3 order by 1, 2, 3
    """
)
# A twin repeats an exchange; its labels are of the same answer beside the top tier's.
_LABELS = text(
    """
    select (date_trunc('month', arrival_of(e.id), 'UTC') at time zone 'UTC')::date as month,
           count(*) filter (where l.preferred = side.arm),
           count(*) filter (where l.preferred not in (side.arm, 'tie')),
           count(*) filter (where l.preferred = 'tie')
    from labels l join exchanges e on e.id = l.exchange_id
    cross join lateral (select case when e.tier = :tier then 'served'
                                    else 'alternative' end as arm) side
    where e.id >= first_id_of(:since) and :tier in (e.tier, e.alternative_tier)
    group by 1 order by 1
    """
)
_SPENT = text(
    f"""
    {HOURS}, spent as (
        select date_trunc('month', hour, 'UTC') as month, requests, cost_usd as serving,
               classifier_cost_usd as classifier, shadow_usd as shadow, judge_usd as judge,
               0::float as checks, cost_top_tier_usd as top
        from hours where hour >= :since
        union all
        select date_trunc('month', created_at, 'UTC'), 0, 0, 0, 0, 0, sum(cost_usd), 0
        from anchor_verdicts where created_at >= :since group by 1
        union all
        select date_trunc('month', created_at, 'UTC'), 0, 0, 0, 0, 0, sum(cost_usd), 0
        from probe_answers where created_at >= :since group by 1
        union all
        select date_trunc('month', created_at, 'UTC'), 0, 0, 0,
               coalesce(sum(cost_usd) filter (where kind = 'shadow'), 0),
               coalesce(sum(cost_usd) filter (where kind = 'judge'), 0),
               coalesce(sum(cost_usd) filter (where kind = 'checks'), 0), 0
        from lost_costs where created_at >= :since group by 1
    )
    select (month at time zone 'UTC')::date as month, sum(requests)::bigint as requests,
           sum(serving)::float as serving_usd, sum(classifier)::float as classifier_usd,
           sum(shadow)::float as shadow_usd, sum(judge)::float as judge_usd,
           sum(checks)::float as checks_usd, sum(top)::float as top_tier_usd
    from spent group by 1 order by 1
    """  # noqa: S608 - ours
)


def probe_months(connection: Connection, tier: str, since: dt.date) -> list[Passed]:
    """What a tier passed of its probes, by month, set and model, from a month on."""
    return [Passed(*row) for row in connection.execute(_PROBES, _of(since) | {"tier": tier})]


def label_months(connection: Connection, tier: str, since: dt.date) -> list[LabelMonth]:
    """What people said of a tier's answers, served or in the shadow, by month of the answer."""
    return [LabelMonth(*row) for row in connection.execute(_LABELS, _of(since) | {"tier": tier})]


def spent_months(connection: Connection, since: dt.date) -> list[SpentMonth]:
    """What each month cost, and what the top tier alone would have."""
    rows = connection.execute(_SPENT, _of(since) | {"never": NEVER}).mappings()
    return [SpentMonth(**row) for row in rows]


def _of(since: dt.date) -> dict[str, object]:
    return {"since": dt.datetime.combine(since, dt.time(), tzinfo=dt.UTC)}
