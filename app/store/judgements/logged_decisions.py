"""Decisions as they were logged, with what they cost: another policy is scored on them."""

from sqlalchemy import Connection, case, func, select, text

from tierwatch.evaluation.counterfactual.boundary_outcomes import BoundaryOutcomes
from tierwatch.store.learned.artefacts import policies_of_other_models
from tierwatch.store.schema.exchanges import AlternativeRow, ExchangeRow
from tierwatch.store.schema.judgements import OutcomeRow
from tierwatch.store.traffic.boundary_traffic import boundary_traffic


def logged_outcomes(
    connection: Connection,
    boundary: str,
    *,
    judge_version: str,
    artefact_id: int = 0,
    task_type: str | None = None,
    limit: int = 100_000,
) -> BoundaryOutcomes:
    """The newest pairs about a boundary with both answers' costs, one of each conversation.

    Which pair of a conversation is taken depends on a hash of its id; it stands for all of them.
    With them comes all traffic that came to the boundary since the day of the oldest, as long as
    one classifier decided there ever since.

    Args:
        connection: any.
        boundary: the lower tier.
        judge_version: whose verdicts to take.
        artefact_id: of the learned classifier that decides at the boundary, 0 for the configured
            one; pairs decided by another one are left out.
        task_type: only pairs of requests that were given this type; None takes all. All traffic is
            not counted by type.
        limit: pairs, the newest.
    """
    others = connection.execute(policies_of_other_models(boundary, artefact_id)).scalars().all()
    rows = connection.execute(
        text(
            """
            with newest as (
                select id, exchange_id, session, direction, confidence, loss, pi from outcomes
                where boundary = :boundary and judge_version = :judge
                  and coalesce(task_type = :task, true)
                  and policy_version <> all(cast(:others as bigint[]))
                order by id desc limit :limit
            ), drawn as (
                select *, count(*) over (partition by session) as pairs,
                       row_number() over (partition by session order by md5(exchange_id::text))
                         as place
                from newest
            )
            select d.confidence, d.loss, d.pi / d.pairs as inclusion, e.arrived_at,
                   case d.direction when 'up' then e.cost_usd else a.cost_usd end as lower,
                   case d.direction when 'up' then a.cost_usd else e.cost_usd end as upper
            from drawn d join exchanges e on e.id = d.exchange_id
            join alternatives a on a.exchange_id = d.exchange_id
            where d.place = 1 order by d.id
            """
        ),
        {
            "boundary": boundary,
            "judge": judge_version,
            "others": list(others),
            "task": task_type,
            "limit": limit,
        },
    ).all()
    # The counts of traffic do not say which classifier gave the confidences, nor the type.
    traffic, counts = (
        boundary_traffic(connection, boundary, since=rows[0].arrived_at)
        if rows and not others and task_type is None
        else ([], [])
    )
    return BoundaryOutcomes(
        confidences=[row.confidence for row in rows],
        losses=[row.loss for row in rows],
        inclusion=[row.inclusion for row in rows],
        lower_cost_usd=[row.lower for row in rows],
        upper_cost_usd=[row.upper for row in rows],
        traffic=traffic or None,
        traffic_counts=counts or None,
    )


def mean_costs(connection: Connection, boundary: str, *, limit: int = 5_000) -> tuple[float, float]:
    """Mean USD of an answer of the lower and of the upper tier, over the newest pairs.

    Returns:
        (lower, upper); zeros when there are no pairs.
    """
    lower = case(
        (OutcomeRow.direction == "up", ExchangeRow.cost_usd), else_=AlternativeRow.cost_usd
    )
    upper = case(
        (OutcomeRow.direction == "up", AlternativeRow.cost_usd), else_=ExchangeRow.cost_usd
    )
    newest = (
        select(lower.label("lower"), upper.label("upper"))
        .select_from(OutcomeRow)
        .join(ExchangeRow, ExchangeRow.id == OutcomeRow.exchange_id)
        .join(AlternativeRow, AlternativeRow.exchange_id == OutcomeRow.exchange_id)
        .where(OutcomeRow.boundary == boundary)
        .order_by(OutcomeRow.id.desc())
        .limit(limit)
        .subquery()
    )
    row = connection.execute(select(func.avg(newest.c.lower), func.avg(newest.c.upper))).one()
    return float(row[0] or 0.0), float(row[1] or 0.0)
