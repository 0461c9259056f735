"""Counts of all traffic, as they are watched: for drift of its confidences, for gaps in capture."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from tierwatch.evaluation.sampling.allocation import CONFIDENCE_BINS
from tierwatch.store.schema.traffic import RollupRow
from tierwatch.store.traffic.exchanges import first_id


@dataclass(frozen=True, slots=True)
class FreshCount:
    """Requests of one minute, policy and bin of confidence that were not taken before."""

    minute: dt.datetime
    policy_version: int
    bin: int
    requests: int


def take_fresh_counts(connection: Connection, *, since: dt.datetime) -> list[FreshCount]:
    """Requests counted since the last call, each taken once; in order of their minutes.

    Minutes before ``since`` are left alone: what comes that late is history.
    """
    rows = connection.execute(
        text(
            """
            with taken as (
                update rollups set drift_taken = rollups.requests
                from (select minute, tier, task_type, bin, policy_version, drift_taken as before
                      from rollups where requests > drift_taken and minute >= :since
                      order by minute, tier, task_type, bin, policy_version for update) as old
                where (rollups.minute, rollups.tier, rollups.task_type, rollups.bin,
                       rollups.policy_version)
                    = (old.minute, old.tier, old.task_type, old.bin, old.policy_version)
                returning rollups.minute, rollups.policy_version, rollups.bin,
                          rollups.requests - old.before as fresh
            )
            select minute, policy_version, bin, sum(fresh)::bigint as requests
            from taken group by 1, 2, 3 order by 1, 2, 3
            """
        ),
        {"since": since},
    )
    return [FreshCount(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class CaptureCount:
    """What one tier should have captured in a stretch of minutes, and what it has."""

    tier: str
    eligible: int
    expected: float
    captured: int


def first_eligible_minute(connection: Connection) -> dt.datetime | None:
    """The first minute in which what could be sampled was counted; None before there is one."""
    return connection.execute(
        select(func.min(RollupRow.minute)).where(RollupRow.eligible > 0)
    ).scalar_one()


def capture_counts(
    connection: Connection, after: dt.datetime, until: dt.datetime
) -> list[CaptureCount]:
    """By tier, requests that arrived in minutes from ``after`` to before ``until``.

    Both sides are counted by the minute of arrival and were written together, so the only
    difference between them is what was lost or chosen wrongly. What was drawn and could not be
    evidence was captured rightly: until it was read nobody knew. Twins (`DirectPairRow`) were drawn
    from what is captured, and are not counted again.
    """
    rows = connection.execute(
        text(
            """
            with counted as (
                select tier, sum(eligible)::bigint as eligible, sum(expected) as expected
                from rollups where minute >= :after and minute < :until group by tier
            ), stored as (
                select tier, count(*) as captured from exchanges
                where id >= :first and id < :last and direction <> 'top' group by tier
            ), read as (
                select tier, sum(drawn)::bigint as drawn from outside_counts
                where minute >= :after and minute < :until and reason <> '' group by tier
            )
            select tier, eligible, expected, coalesce(captured, 0) + coalesce(drawn, 0) as captured
            from counted left join stored using (tier) left join read using (tier)
            where eligible > 0 order by tier
            """
        ),
        {"after": after, "until": until, "first": first_id(after), "last": first_id(until)},
    )
    return [CaptureCount(*row) for row in rows]


def confidence_shares(
    connection: Connection, policy_version: int, *, since: dt.datetime
) -> tuple[list[int], list[int]]:
    """Requests by bin of confidence under one policy, before and since a moment."""
    rows = connection.execute(
        text(
            "select bin, sum(requests) filter (where minute < :since)::bigint as before,"
            " sum(requests) filter (where minute >= :since)::bigint as after"
            " from rollups where policy_version = :version group by bin order by bin"
        ),
        {"since": since, "version": policy_version},
    ).all()
    before, after = [0] * CONFIDENCE_BINS, [0] * CONFIDENCE_BINS
    for row in rows:
        before[row.bin], after[row.bin] = row.before or 0, row.after or 0
    return before, after
