"""What the overview adds up: traffic, failures, what waits for a person."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, cast, func, select, text

from tierwatch.store.proposals import UNDECIDED
from tierwatch.store.schema.traffic import RollupRow


@dataclass(frozen=True, slots=True)
class TierTraffic:
    """All traffic a tier served, sampled or not."""

    tier: str
    requests: int
    errors: int
    escalated: int
    cost_usd: float
    cost_top_tier_usd: float
    latency_ms: float


def tier_traffic(connection: Connection) -> list[TierTraffic]:
    """Counts and costs of all traffic, by tier; latency is the mean over requests."""
    requests = func.sum(RollupRow.requests)
    query = select(
        RollupRow.tier,
        cast(requests, BigInteger),  # Postgres adds up whole numbers as numeric
        cast(func.sum(RollupRow.errors), BigInteger),
        cast(func.sum(RollupRow.escalated), BigInteger),
        func.sum(RollupRow.cost_usd),
        func.sum(RollupRow.cost_top_tier_usd),
        func.sum(RollupRow.latency_ms) / func.greatest(requests, 1),
    ).group_by(RollupRow.tier)
    return [TierTraffic(*row) for row in connection.execute(query)]


def failure_counts(connection: Connection) -> dict[str, int]:
    """Exchanges that could not be shadowed or judged: ``step: reason`` -> count, most first.

    Twins apart: each belongs to an exchange that is counted.
    """
    query = text(
        "select step || ': ' || reason as why, count(*) as n from failures f"
        " where not exists (select 1 from direct_pairs d where d.twin_id = f.exchange_id)"
        " group by 1 order by n desc, why limit 50"
    )
    return {row.why: row.n for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for a person, counted and not listed: lists are pages.

    Attributes:
        alerts: not resolved.
        proposals: to be decided.
        moving: proposals that are approved or being rolled out.
    """

    alerts: int = 0
    proposals: int = 0
    moving: int = 0


def open_counts(connection: Connection) -> Waiting:
    """How much waits for a person."""
    row = connection.execute(
        text(
            "select (select count(*) from alerts where state <> 'resolved') as alerts,"
            " count(*) filter (where state = 'open') as proposals,"
            " count(*) filter (where state <> 'open') as moving"
            " from proposals where state = any(:undecided)"
        ),
        {"undecided": list(UNDECIDED)},
    ).one()
    return Waiting(row.alerts, row.proposals, row.moving)
