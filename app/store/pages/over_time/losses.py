"""Misroutes by time, tier and task type, enough for rates and their intervals."""

import datetime as dt
from typing import Final

from sqlalchemy import Connection, text

from tierwatch.evaluation.rates.weighted import RateSums
from tierwatch.store.judgements.outcomes import NEWEST_JUDGE
from tierwatch.store.reading.one_row import Part
from tierwatch.store.sums.judged import HOUR, MisroutesOverTime, misroutes_over_time
from tierwatch.store.traffic.exchanges import first_id

# Judged upwards, of requests from ``before`` up to ``since``, by the judge that spoke last.
PAIRS_BEFORE: Final = Part(
    (
        f"""(select count(*) from outcomes where direction = 'up'
             and judge_version = {NEWEST_JUDGE}
             and exchange_id >= first_id_of(:before) and exchange_id < first_id_of(:since))""",  # noqa: S608 - ours
    ),
    int,
)
# One pass for all three. Bits 13 to 60 of an id are the milliseconds at which its request arrived,
# and its primary key leads with it, so a range of ids reads the rows of a stretch of time alone.
_SUMS: Final = text(
    """
    with seen as (
        select tier, task_type, session, pi, loss,
               least(floor((('x' || left(replace(exchange_id::text, '-', ''), 12))::bit(48)::bigint
                            / 1000.0 - :since_s) / :step_s), :last)::int as step
        from outcomes
        where judge_version = :judge and direction = 'up'
          and exchange_id >= :first and exchange_id < :end
    ), of_session as (
        select tier, task_type, step, count(*) as pairs, sum(loss) as bad, sum(1 / pi) as weight,
               sum(loss / pi) as lost
        from seen
        group by grouping sets (
            (tier, session), (tier, task_type, session), (tier, step, session))
    )
    select tier, task_type, step, sum(pairs)::bigint, sum(bad), sum(weight), sum(lost),
           sum(weight * weight)
    from of_session group by tier, task_type, step
    """
)


def losses(
    connection: Connection,
    judge_version: str,
    since: dt.datetime,
    until: dt.datetime,
    *,
    steps: int,
) -> MisroutesOverTime:
    """The misroutes among a judge's verdicts on requests of a stretch of time.

    Of steps of an hour or more by the sums of hours, whose ends the stretch is then rounded to; of
    shorter ones, which make a stretch of days at most, by the outcomes themselves.

    Args:
        connection: any.
        judge_version: whose verdicts.
        since: the first moment.
        until: the first moment after it.
        steps: equal ones that the stretch is cut into.
    """
    if until - since >= steps * HOUR:
        return misroutes_over_time(connection, judge_version, since, until, steps=steps)
    rows = connection.execute(
        _SUMS,
        {
            "judge": judge_version,
            "first": first_id(since),
            "end": first_id(until),
            "since_s": since.timestamp(),
            "step_s": (until - since).total_seconds() / steps,
            "last": steps - 1,
        },
    )
    by_step: dict[tuple[str, int], RateSums] = {}
    cells: dict[tuple[str, str], RateSums] = {}
    tiers: dict[str, RateSums] = {}
    for tier, task_type, step, *sums in rows:
        found = RateSums(*sums)
        if step is not None:
            by_step[tier, step] = found
        elif task_type is not None:
            cells[tier, task_type] = found
        else:
            tiers[tier] = found
    return MisroutesOverTime(by_step, cells, tiers)
