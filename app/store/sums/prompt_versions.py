"""What judged pairs add up to by month and version of the prompt: a segment beside task types.

A version is named by callers, so there may be thousands. A tier's largest of a month stand by
themselves, the rest together. A month is added up anew each hour while verdicts on it may come.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from tierwatch.evaluation.rates.weighted import RateSums

# Versions of a tier and a month that stand by themselves.
MOST_VERSIONS: Final = 20
# Not accepted as a version of anybody's.
OTHERS: Final = "(others)"
# Days of a month in which verdicts on the month before still come.
LATE_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class VersionSums:
    """Pairs upwards of a tier, a month and a version of the prompt.

    Attributes:
        month: its first day, UTC.
        tier: that served.
        prompt_version: "" where none was known, `OTHERS` for all but the largest.
        sums: lost where the served answer was materially worse than the next tier's.
    """

    month: dt.date
    tier: str
    prompt_version: str
    sums: RateSums


def fold_prompt_versions(connection: Connection, today: dt.date) -> int:
    """Add up the present month, and the one before while its verdicts may come; rows written.

    Args:
        connection: in a transaction; the rows of such a month are replaced.
        today: by UTC.
    """
    # One folds at a time: two would add the same rows.
    connection.execute(text("select pg_advisory_xact_lock(7431204)"))
    months = [today.replace(day=1)]
    if today.day <= LATE_DAYS:
        months.append((months[0] - dt.timedelta(days=1)).replace(day=1))
    return sum(_fold(connection, month) for month in months)


def version_sums(connection: Connection, judge_version: str, since: dt.date) -> list[VersionSums]:
    """The sums of months from ``since`` on, the newest month and its largest versions first."""
    rows = connection.execute(_SUMS, {"judge": judge_version, "since": since})
    return [VersionSums(month, tier, name, RateSums(*sums)) for month, tier, name, *sums in rows]


def _fold(connection: Connection, month: dt.date) -> int:
    following = (month + dt.timedelta(days=32)).replace(day=1)
    begin, end = (dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC) for day in (month, following))
    connection.execute(text("delete from prompt_sums where month = :month"), {"month": month})
    return connection.execute(
        _FOLD,
        {"month": month, "begin": begin, "end": end, "most": MOST_VERSIONS, "others": OTHERS},
    ).rowcount


_SUMS: Final = text(
    """
    select month, tier, prompt_version, pairs, bad, weight, lost, squares from prompt_sums
    where judge_version = :judge and month >= :since
    order by month desc, tier, pairs desc, prompt_version
    """
)
# Both tables are read by the range of ids of the month alone.
_FOLD: Final = text(
    """
    insert into prompt_sums
        (month, tier, prompt_version, judge_version, pairs, bad, weight, lost, squares)
    with seen as (
        select o.judge_version, o.tier, coalesce(e.prompt_version, '') as version, o.session,
               o.loss, 1 / o.pi as weight
        from outcomes o join exchanges e on e.id = o.exchange_id
        where o.direction = 'up'
          and o.exchange_id >= first_id_of(:begin) and o.exchange_id < first_id_of(:end)
          and e.id >= first_id_of(:begin) and e.id < first_id_of(:end)
    ), placed as (
        select judge_version, tier, version,
               row_number() over (partition by judge_version, tier, version = ''
                                  order by count(*) desc, version) as place
        from seen group by judge_version, tier, version
    ), of_session as (
        select judge_version, tier, case when place <= :most then version else :others end as name,
               count(*) as pairs, sum(loss) as bad, sum(weight) as weight,
               sum(weight * loss) as lost
        from seen join placed using (judge_version, tier, version)
        group by judge_version, tier, name, session
    )
    select :month, tier, name, judge_version, sum(pairs), sum(bad), sum(weight), sum(lost),
           sum(weight * weight)
    from of_session group by tier, name, judge_version
    """
)
