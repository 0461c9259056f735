"""What a rollout's two arms served while it ran."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text

from tierwatch.routing.policy import ALL_TASKS


@dataclass(frozen=True, slots=True)
class ArmTraffic:
    """All traffic of one arm, of all tiers."""

    requests: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class ArmPairs:
    """Losses and weights of an arm's judged pairs of one tier, in their order."""

    losses: tuple[float, ...]
    weights: tuple[float, ...]


def arm_traffic(
    connection: Connection, version: int, since: dt.datetime, until: dt.datetime
) -> tuple[ArmTraffic, ArmTraffic]:
    """What was served under a candidate, and under other policies meanwhile."""
    row = connection.execute(
        text(
            """
            select coalesce(sum(requests) filter (where policy_version = :version), 0)::bigint as n,
                   coalesce(sum(cost_usd) filter (where policy_version = :version), 0) as usd,
                   coalesce(sum(requests) filter (where policy_version <> :version), 0)::bigint
                       as others,
                   coalesce(sum(cost_usd) filter (where policy_version <> :version), 0)
                       as others_usd
            from rollups where minute >= date_trunc('minute', cast(:since as timestamptz))
                           and minute < :until
            """
        ),
        {"version": version, "since": since, "until": until},
    ).one()
    return ArmTraffic(row.n, row.usd), ArmTraffic(row.others, row.others_usd)


def other_pairs(
    connection: Connection,
    segment: tuple[str, str],
    version: int,
    since: dt.datetime,
    until: dt.datetime,
) -> ArmPairs:
    """Pairs of a tier (and a task type) that policies other than the candidate served meanwhile."""
    tier, task_type = segment
    rows = connection.execute(
        text(
            "select loss, weight * case when :task_type = :all then tier_density else density end"
            " as weight from outcomes where tier = :tier and direction = 'up'"
            " and (:task_type = :all or task_type = :task_type) and policy_version <> :version"
            " and created_at >= :since and created_at < :until order by id"
        ),
        {
            "tier": tier,
            "task_type": task_type,
            "all": ALL_TASKS,
            "version": version,
            "since": since,
            "until": until,
        },
    ).all()
    return ArmPairs(tuple(row.loss for row in rows), tuple(row.weight for row in rows))
