"""Losses by bins of confidence: what sampling is allocated by. Gateways ask for it."""

from sqlalchemy import Connection, text

from tierwatch.evaluation.sampling.allocation import CONFIDENCE_BINS, RiskCell


def risk_cells(connection: Connection, *, pairs: int = 20_000) -> list[RiskCell]:
    """The last day's traffic and the newest pairs of each tier, by bin of confidence.

    Both under policies of the stable policy's model: bins of another one hold other prompts.
    """
    rows = connection.execute(
        text(
            """
            with others as (
                select version from policies where classifier <> (
                    select p.classifier
                    from active_policy a join policies p on p.version = a.stable_version
                )
            ), traffic as (
                select tier, bin, sum(requests) as requests from rollups
                where minute > now() - interval '1 day'
                  and policy_version not in (select version from others) group by 1, 2
            ), newest as (
                -- The decision's confidence, as the gateway draws by it and counts it.
                select o.tier, e.confidence, o.pi, o.loss
                from outcomes o join exchanges e on e.id = o.exchange_id
                where o.direction = 'up'
                  and o.policy_version not in (select version from others)
                order by o.id desc limit :pairs
            ), risk as (
                select tier, least(:bins - 1, floor(confidence * :bins)::int) as bin,
                       sum(1 / pi) as weight, sum(loss / pi) as weighted_loss
                from newest group by 1, 2
            )
            select tier, bin, traffic.requests::bigint as requests,
                   coalesce(risk.weight, 0) as weight,
                   coalesce(risk.weighted_loss, 0) as weighted_loss
            from traffic left join risk using (tier, bin) order by 1, 2
            """
        ),
        {"pairs": pairs, "bins": CONFIDENCE_BINS},
    )
    return [
        RiskCell(row.tier, row.bin, row.requests, row.weight, row.weighted_loss) for row in rows
    ]
