"""What each judge version did, and the runs over evalsets, for the judge page."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text

from tierwatch.evaluation.sampling.outcome import SWAP_DISAGREEMENT
from tierwatch.store.judgements.unscored import UnscoredTask, unscored_tasks
from tierwatch.store.sums.hour_details import VerdictSums, verdict_sums


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
    unscored: dict[str, list[UnscoredTask]] = {}
    for task in unscored_tasks(connection):
        unscored.setdefault(task.judge_version, []).append(task)
    given: dict[str, list[VerdictSums]] = {}
    for sums in verdict_sums(connection):
        given.setdefault(sums.judge_version, []).append(sums)
    found = [_version(name, sums, unscored.get(name, [])) for name, sums in given.items()]
    return sorted(found, key=lambda one: one.newest_at, reverse=True)


def _version(name: str, given: list[VerdictSums], unscored: list[UnscoredTask]) -> JudgeVersion:
    verdicts = sum(one.verdicts for one in given)
    most_first = sorted(given, key=lambda one: (-one.scored, one.basis))
    return JudgeVersion(
        judge_version=name,
        verdicts=verdicts,
        scored=sum(one.scored for one in given),
        swapped=sum(one.swapped for one in given),
        disagreed=sum(one.verdicts for one in given if one.basis == SWAP_DISAGREEMENT),
        cut=sum(one.cut for one in given),
        calls=sum(one.calls for one in given),
        cost_usd=sum(one.cost_usd for one in given),
        latency_ms=sum(one.latency_ms for one in given) / verdicts,
        newest_at=max(one.newest_at for one in given),
        by_basis={one.basis: one.scored for one in most_first if one.scored},
        unscored=unscored,
    )


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
