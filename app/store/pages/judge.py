"""What each judge version did, and the runs over evalsets, for the judge page."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text

from tierwatch.evaluation.sampling.outcome import SWAP_DISAGREEMENT
from tierwatch.store.judgements.unscored import UnscoredTask, unscored_tasks


@dataclass(frozen=True, slots=True)
class JudgeVersion:
    """The work of one judge version.

    ``swapped`` counts verdicts read in both orders, ``disagreed`` those of them that contradicted
    each other and are inconclusive; ``by_basis`` says what the scored verdicts rest on,
    ``unscored`` of which task types the rest are; ``cut`` counts verdicts that rest on texts of
    which the judge was not shown all.
    """

    judge_version: str
    verdicts: int
    scored: int
    swapped: int
    disagreed: int
    cut: int
    calls: int
    cost_usd: float
    latency_ms: float
    newest_at: dt.datetime
    by_basis: dict[str, int]
    unscored: list[UnscoredTask]


def judge_versions(connection: Connection) -> list[JudgeVersion]:
    """What each judge version did, newest first."""
    figures = text(
        """
        select judge_version, count(*) as verdicts, count(preferred) as scored,
               count(*) filter (
                   where orders->0->>'preferred' is not null
                     and orders->1->>'preferred' is not null) as swapped,
               count(*) filter (where basis = :disagreement) as disagreed,
               count(*) filter (where jsonb_path_exists(orders, '$[*].cut.*')) as cut,
               sum(calls)::bigint as calls, sum(cost_usd) as cost_usd,
               avg(latency_ms) as latency_ms, max(created_at) as newest_at
        from verdicts group by judge_version order by newest_at desc
        """
    )
    grounds = text(
        """
        select judge_version, basis, count(*) as n
        from verdicts where preferred is not null group by 1, 2 order by n desc, basis
        """
    )
    grounds_of: dict[str, dict[str, int]] = {}
    for row in connection.execute(grounds):
        grounds_of.setdefault(row.judge_version, {})[row.basis] = row.n
    unscored: dict[str, list[UnscoredTask]] = {}
    for task in unscored_tasks(connection):
        unscored.setdefault(task.judge_version, []).append(task)
    return [
        JudgeVersion(
            **row,
            by_basis=grounds_of.get(row["judge_version"], {}),
            unscored=unscored.get(row["judge_version"], []),
        )
        for row in connection.execute(figures, {"disagreement": SWAP_DISAGREEMENT}).mappings()
    ]


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
                   count(*) filter (where a.verdict = a.truth
                                            and (a.verdict <> 'tie' or a.orders_agree is not false))
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
