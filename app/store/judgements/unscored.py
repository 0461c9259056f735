"""Pairs without a verdict, by the kind of task and by why: they are not a random part of it."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class UnscoredTask:
    """What one judge version left unscored of one task type.

    Attributes:
        judge_version: whose verdicts.
        task_type: of the requests.
        verdicts: it gave or could not give.
        unscored: of them, it could not.
        reasons: how many for which reason (``unreadable``, ``too_long`` and others), most first.
    """

    judge_version: str
    task_type: str
    verdicts: int
    unscored: int
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Of the task type's verdicts."""
        return self.unscored / self.verdicts


# What stands before the colon is the reason; verdicts of earlier versions began with the order.
_UNSCORED = """
with missing as (
    select v.judge_version, e.task_type,
           case when v.unscored_why ~ '^[a-z_]+: '
                     and v.unscored_why !~ '^(served|alternative)_first: '
                then split_part(v.unscored_why, ':', 1) else 'unreadable' end as reason,
           count(*) as n
    from verdicts v join exchanges e on e.id = v.exchange_id
    where v.preferred is null and e.direction <> 'top'
      and (:judge_version = '' or v.judge_version = :judge_version)
    group by 1, 2, 3
)
select m.judge_version, m.task_type, m.reason, m.n, coalesce(s.n, 0) as scored
from missing m left join (
    select judge_version, task_type, sum(up_pairs + down_pairs)::bigint as n
    from outcome_sums
    where span = 'day' and task_type <> '*'
      and judge_version in (select judge_version from missing)
    group by 1, 2
) s on s.judge_version = m.judge_version and s.task_type = m.task_type
order by m.n desc, m.judge_version, m.task_type, m.reason
"""


def unscored_tasks(connection: Connection, judge_version: str = "") -> list[UnscoredTask]:
    """Task types of which something is unscored, the largest share first.

    Of pairs of neighbouring tiers: rates are theirs.

    Args:
        connection: to Postgres.
        judge_version: whose verdicts; of every version when empty.
    """
    rows = connection.execute(text(_UNSCORED), {"judge_version": judge_version}).all()
    reasons: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        reasons.setdefault((row.judge_version, row.task_type), {})[row.reason] = row.n
    scored = {(row.judge_version, row.task_type): row.scored for row in rows}
    tasks = (
        UnscoredTask(*key, scored[key] + sum(why.values()), sum(why.values()), why)
        for key, why in reasons.items()
    )
    return sorted(tasks, key=lambda task: (-task.share, task.judge_version, task.task_type))
