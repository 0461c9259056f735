"""Where so much is unscored that a rate speaks of the rest only."""

from typing import TypedDict

from sqlalchemy import Connection

from tierwatch.store.judgements.unscored import unscored_tasks

# Were all of 2 % losses, a tolerated rate of 5 % would be 7 %; below that sampling is the larger
# error.
TOLERATED = 0.02


class UnscoredReport(TypedDict):
    """A task type of which more than 2 % of the verdicts are missing.

    Attributes:
        task_type: of the requests.
        verdicts: the judge was asked for.
        unscored: of them, without a verdict.
        share: unscored / verdicts.
        reasons: how many for which reason, most first.
    """

    task_type: str
    verdicts: int
    unscored: int
    share: float
    reasons: dict[str, int]


def unscored_reports(
    connection: Connection, judge_version: str, *, min_pairs: int
) -> list[UnscoredReport]:
    """Task types whose rates are those of the rest, the largest share first.

    Args:
        connection: to Postgres.
        judge_version: whose verdicts; of none when empty.
        min_pairs: with fewer verdicts a task type is no data, and one of them no share.
    """
    if not judge_version:
        return []
    return [
        {
            "task_type": task.task_type,
            "verdicts": task.verdicts,
            "unscored": task.unscored,
            "share": task.share,
            "reasons": task.reasons,
        }
        for task in unscored_tasks(connection, judge_version)
        if task.share > TOLERATED and task.verdicts >= min_pairs
    ]
