"""Runs over evalsets, as the judge page lists them."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run on a page.

    Attributes:
        kind: ``anchors`` or ``probes``.
        subject: the judge version or the tier.
        model: that answered.
        why: the schedule, or the alert that asked.
        started_at: when.
        items: answered in it.
        good: anchors judged rightly, or probes passed.
    """

    kind: str
    subject: str
    model: str
    why: str
    started_at: dt.datetime
    items: int
    good: int


def newest_runs(connection: Connection, *, limit: int = 12) -> list[RunLine]:
    """The newest runs that ended, over all judges and tiers, newest first."""
    rows = connection.execute(
        text(
            """
            select r.kind, r.subject, r.model, r.why, r.started_at,
                   count(a.anchor_id) + count(p.probe_id) as items,
                   count(*) filter (where a.verdict = a.truth)
                     + count(*) filter (where p.passed) as good
            from (select * from evalset_runs where ended_at is not null
                  order by id desc limit :limit) r
            left join anchor_verdicts a on a.run_id = r.id and a.verdict is not null
            left join probe_answers p on p.run_id = r.id and p.passed is not null
            group by r.id, r.kind, r.subject, r.model, r.why, r.started_at order by r.id desc
            """
        ),
        {"limit": limit},
    )
    return [RunLine(*row) for row in rows]
