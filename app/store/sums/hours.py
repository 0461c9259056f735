"""What all traffic and its evaluation add up to: by tier, and by the hour.

Hours that are over for long stand in ``hour_sums``; those that are not, and those that changed
since, are read from the rows themselves. So a figure is that of all rows at any moment, and costs
as much as some hours of traffic do.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from tierwatch.store.reading.one_row import Part
from tierwatch.store.schema.values import field_names

# Beyond any row.
NEVER: Final = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)
# Hours that are added up in one go; a transaction of some tenths of a second.
FOLDED_AT_ONCE: Final = 24


@dataclass(frozen=True, slots=True)
class TierSums:
    """All traffic of a tier and what became of its sampled exchanges.

    Attributes:
        requests: served.
        unfamiliar: of them, with prompts unlike anything judged.
        errors: of them.
        escalated: of them, above the tier that the classifier named.
        sampled: of them.
        dropped: sampled, and lost before they were stored.
        eligible: of them, could have been sampled.
        exchanges: sampled and stored, twins apart, as in the next three.
        judged: of these, with a verdict.
        unscored: of these, the judge could not say.
        failed: of these, never judged.
        cost_usd: of serving, classifiers apart.
        classifier_cost_usd: of asking classifiers.
        cost_top_tier_usd: what the top tier's price for the same tokens would be.
        latency_ms: sum over the requests.
        shadow_usd: of alternatives, twins' too.
        judge_usd: of verdicts, twins' too.
    """

    requests: int = 0
    unfamiliar: int = 0
    errors: int = 0
    escalated: int = 0
    sampled: int = 0
    dropped: int = 0
    eligible: int = 0
    exchanges: int = 0
    judged: int = 0
    unscored: int = 0
    failed: int = 0
    cost_usd: float = 0.0
    classifier_cost_usd: float = 0.0
    cost_top_tier_usd: float = 0.0
    latency_ms: float = 0.0
    shadow_usd: float = 0.0
    judge_usd: float = 0.0

    def __add__(self, other: "TierSums") -> "TierSums":
        """Both together."""
        return TierSums(
            *(getattr(self, name) + getattr(other, name) for name in TierSums.__slots__)
        )


_COLUMNS: Final = field_names(TierSums)
# Where added up hours end, and those of them that are to be read from the rows.
FOLDED: Final = """
    with folded as (
        select coalesce(max(hour) + interval '1 hour', '1970-01-01') as until from hour_sums
    ), changed as (
        select distinct hour from changed_hours where hour < (select until from folded)
    )
"""
# The rows of every hour once: added up, or from what they add up. ``:never`` is in `NEVER`.
HOURS: Final = f"""
    {FOLDED}, hours as (
        select hour, tier, {_COLUMNS} from hour_sums
        where hour not in (select hour from changed)
        union all
        select s.* from changed c, sums_by_hour(c.hour, c.hour + interval '1 hour') s
        union all
        select s.* from folded f, sums_by_hour(f.until, :never) s
    )
"""  # noqa: S608 - ours
# All requests, as far back as anything is kept: those of `HOURS`, without what was evaluated.
REQUESTS: Final = Part(
    (
        f"""(
        {FOLDED}
        select coalesce(sum(requests), 0)::bigint from (
            select requests from hour_sums where hour not in (select hour from changed)
            union all
            select r.requests from changed c join rollups r
              on r.minute >= c.hour and r.minute < c.hour + interval '1 hour'
            union all
            select r.requests from folded f join rollups r on r.minute >= f.until
        ) each)""",  # noqa: S608 - ours
    ),
    int,
)


def fold_hours(connection: Connection, before: dt.datetime) -> int:
    """Add up some hours that are over or have changed, the oldest first; returns how many.

    0 when there is none left.

    Args:
        connection: in a transaction; one folds at a time.
        before: hours that end later are left alone. At least four hours ago, so that nobody is
            still writing to them without marking them.
    """
    connection.execute(text("select pg_advisory_xact_lock(7431203)"))
    hours = connection.execute(_TO_FOLD, {"before": before, "most": FOLDED_AT_ONCE}).scalars().all()
    for hour in hours:
        # What is marked after this is seen by nobody here, and folded again.
        connection.execute(text("delete from changed_hours where hour = :hour"), {"hour": hour})
        connection.execute(text("delete from hour_sums where hour = :hour"), {"hour": hour})
        connection.execute(_FOLD, {"hour": hour, "next": hour + dt.timedelta(hours=1)})
    return len(hours)


# From the first hour that was never added up, so that none is passed over: where the table ends,
# the rows begin.
_TO_FOLD: Final = text(
    """
    with folded as (
        select coalesce(max(hour) + interval '1 hour', '1970-01-01') as until from hour_sums
    ), open as (
        select least((select min(minute) from rollups where minute >= until),
                     (select arrival_of(id) from exchanges where id >= first_id_of(until)
                      order by id limit 1)) as since
        from folded
    ), days as (
        select date_trunc('hour', since, 'UTC') as since,
               date_trunc('hour', since, 'UTC') + interval '1 day' as until from open
    )
    select hour from (
        select c.hour from changed_hours c, folded where c.hour < folded.until
        union
        select date_trunc('hour', minute, 'UTC') from rollups, days
        where minute >= days.since and minute < days.until
        union
        select date_trunc('hour', arrival_of(id), 'UTC') from exchanges, days
        where id >= first_id_of(days.since) and id < first_id_of(days.until)
    ) as waiting where hour + interval '1 hour' <= :before order by hour limit :most
    """
)
_FOLD: Final = text(
    f"insert into hour_sums (hour, tier, {_COLUMNS})"  # noqa: S608 - ours
    f" select hour, tier, {_COLUMNS} from sums_by_hour(:hour, :next)"
)
