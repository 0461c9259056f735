"""Runs over anchors and probes along the time: how many of their items were right."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text

# A run an hour over a month for a judge and three tiers is 2,880; a chart shows no more than this.
_MOST = 600


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A run that ended.

    Attributes:
        at: when it began.
        kind: ``anchors`` or ``probes``.
        subject: the judge version or the tier.
        model: that answered.
        items: answered in it; 1 or more.
        good: anchors judged rightly, or probes passed.
    """

    at: dt.datetime
    kind: str
    subject: str
    model: str
    items: int
    good: int


_RUNS = text(
    """
    with runs as (
        select id, kind, subject, model, started_at from evalset_runs
        where ended_at is not null and kind in ('anchors', 'probes')
          and started_at >= :since and started_at < :until
        order by id desc limit :most
    ), counted as (
        select a.run_id, count(*) as items,
               count(*) filter (where a.verdict = a.truth
                                  and (a.verdict <> 'tie' or a.orders_agree is not false)) as good
        from anchor_verdicts a join runs on runs.id = a.run_id
        where a.verdict is not null group by a.run_id
        union all
        select p.run_id, count(*), count(*) filter (where p.passed)
        from probe_answers p join runs on runs.id = p.run_id
        where p.passed is not null group by p.run_id
    )
    -- Two runs of one subject that began at one moment are one point: the later one is kept.
    select distinct on (r.started_at, r.kind, r.subject)
           r.started_at, r.kind, r.subject, r.model, c.items, c.good
    from runs r join counted c on c.run_id = r.id
    order by r.started_at, r.kind, r.subject, r.id desc
    """
)


def check_runs(
    connection: Connection, since: dt.datetime, until: dt.datetime
) -> tuple[CheckRun, ...]:
    """The newest runs of a stretch of time that answered anything, oldest first."""
    rows = connection.execute(_RUNS, {"since": since, "until": until, "most": _MOST})
    return tuple(CheckRun(*row) for row in rows)
