"""Losses by cells of confidence: what attribution compares."""

from sqlalchemy import Connection, text

from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.store.learned.artefacts import policies_of_other_models


def loss_cells(
    connection: Connection,
    tier: str,
    *,
    task_type: str,
    judge_version: str,
    first_outcome: int,
    artefact_id: int = 0,
    pairs: int = 20_000,
) -> tuple[dict[str, Cell], dict[str, Cell]]:
    """A tier's pairs before an outcome and from it on, by task type and tenth of confidence.

    Args:
        connection: any.
        tier: shadowed up.
        task_type: of the segment; ``*`` takes all of them.
        judge_version: verdicts of other judges are another measurement.
        first_outcome: where the second window begins.
        artefact_id: of the learned classifier that decides at the tier, 0 for the configured one;
            tenths of another one's confidence hold other prompts.
        pairs: of the first window, the newest.

    Returns:
        Both windows by cell; a conversation counts as one pair with its mean loss.
    """
    others = connection.execute(policies_of_other_models(tier, artefact_id)).scalars().all()
    rows = connection.execute(
        text(
            """
            with seen as (
                (select id, session, task_type, confidence, loss, pi from outcomes
                 where boundary = :tier and direction = 'up' and judge_version = :judge
                   and id < :first and (:task in ('*', task_type))
                   and policy_version <> all(cast(:others as bigint[]))
                 order by id desc limit :pairs)
                union all
                select id, session, task_type, confidence, loss, pi from outcomes
                where boundary = :tier and direction = 'up' and judge_version = :judge
                  and id >= :first and (:task in ('*', task_type))
                  and policy_version <> all(cast(:others as bigint[]))
            ), talks as (
                select id >= :first as later, task_type,
                       least(9, floor(confidence * 10)::int) as tenth,
                       sum(1 / pi) as w, sum(loss / pi) as wx
                from seen group by 1, 2, 3, session
            )
            select later, task_type, tenth, count(*) as n, sum(w) as w, sum(w * w) as ww,
                   sum(wx) as wx
            from talks group by 1, 2, 3 order by 1, 2, 3
            """
        ),
        {
            "tier": tier,
            "task": task_type,
            "judge": judge_version,
            "first": first_outcome,
            "others": list(others),
            "pairs": pairs,
        },
    )
    windows: tuple[dict[str, Cell], dict[str, Cell]] = ({}, {})
    for row in rows:
        key = f"{tier}/{row.task_type}/{row.tenth / 10:.1f}-{(row.tenth + 1) / 10:.1f}"
        windows[row.later][key] = Cell(row.n, row.w, row.ww, min(row.wx, row.w))
    return windows
