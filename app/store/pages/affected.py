"""Whom an alert is about: how much of the traffic since the change, and which of its pairs."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, text

from tierwatch.store.traffic.exchanges import first_id

EVERY = ("*", "all", "")
# After every moment that an id can hold here.
_LATEST = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Affected:
    """Traffic of a segment since a moment.

    Attributes:
        since: the moment.
        requests: of the segment.
        share: of all requests since then; None without any.
        cost_usd: of serving the segment's.
        sampled_sessions: sessions among its sampled exchanges: at least so many there are.
    """

    since: dt.datetime
    requests: int
    share: float | None
    cost_usd: float
    sampled_sessions: int


@dataclass(frozen=True, slots=True)
class SincePairs:
    """Losses and weights of a segment's judged pairs, in their order."""

    losses: tuple[float, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PairToLabel:
    """A judged pair of a segment; ``mine`` says whether this reviewer has labelled it."""

    id: uuid.UUID
    request_no: int
    task_type: str
    mine: bool


def affected(
    connection: Connection,
    tier: str,
    task_type: str,
    since: dt.datetime,
    *,
    until: dt.datetime | None = None,
) -> Affected:
    """The traffic of a segment since a moment, until another; ``*`` is all task types."""
    row = connection.execute(
        text(
            """
            with seen as (
                select coalesce(sum(requests) filter (where tier = :tier and (:every or
                                task_type = :task_type)), 0)::bigint as requests,
                       coalesce(sum(requests), 0)::bigint as total,
                       coalesce(sum(cost_usd) filter (where tier = :tier and (:every or
                                task_type = :task_type)), 0) as cost_usd
                from rollups where minute >= date_trunc('minute', cast(:since as timestamptz))
                  and minute < :until
            )
            select seen.*, (select count(distinct session) from exchanges
                            where id >= :first and id < :end and tier = :tier
                              and (:every or task_type = :task_type)) as sessions
            from seen
            """
        ),
        _segment(tier, task_type) | _between(since, until),
    ).one()
    share = row.requests / row.total if row.total else None
    return Affected(since, row.requests, share, row.cost_usd, row.sessions)


def pairs_since(
    connection: Connection,
    tier: str,
    task_type: str,
    judge_version: str,
    since: dt.datetime,
    *,
    until: dt.datetime | None = None,
) -> SincePairs:
    """Judged upward pairs of a segment that arrived since a moment, until another.

    Those of one judge: the one of the alert.
    """
    rows = connection.execute(
        text(
            "select loss, weight from outcomes where tier = :tier and direction = 'up'"
            " and (:every or task_type = :task_type) and judge_version = :judge"
            " and exchange_id >= :first and exchange_id < :end order by id"
        ),
        _segment(tier, task_type) | _between(since, until) | {"judge": judge_version},
    ).all()
    return SincePairs(tuple(row.loss for row in rows), tuple(row.weight for row in rows))


def pairs_to_label(
    connection: Connection,
    tier: str,
    task_type: str,
    since: dt.datetime,
    *,
    reviewer: str,
    limit: int,
) -> list[PairToLabel]:
    """A plain random sample of a segment's judged pairs since a moment, the same at each call.

    By the hash of their ids: what is labelled is then no choice of whoever labels.
    """
    rows = connection.execute(
        text(
            """
            select o.exchange_id as id, o.request_no, o.task_type,
                   exists (select 1 from labels l where l.exchange_id = o.exchange_id
                           and l.reviewer = :reviewer) as mine
            from outcomes o join alternative_texts t on t.id = o.exchange_id
            where o.tier = :tier and o.direction = 'up' and (:every or o.task_type = :task_type)
              and o.exchange_id >= :first
            order by md5(o.exchange_id::text), o.exchange_id limit :most
            """
        ),
        _segment(tier, task_type) | {"first": first_id(since), "reviewer": reviewer, "most": limit},
    ).mappings()
    return [PairToLabel(**row) for row in rows]


def moment_of(pair_id: str) -> dt.datetime | None:
    """When an exchange arrived, as its id has it in its first 48 bits; None for no such id.

    >>> moment_of(str(first_id(dt.datetime(2026, 11, 30, tzinfo=dt.UTC)))).isoformat()
    '2026-11-30T00:00:00+00:00'
    >>> moment_of("x") is None
    True
    """
    try:
        return dt.datetime.fromtimestamp((uuid.UUID(pair_id).int >> 80) / 1000, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _between(since: dt.datetime, until: dt.datetime | None) -> dict[str, object]:
    end = _LATEST if until is None else until
    return {"since": since, "until": end, "first": first_id(since), "end": first_id(end)}


def _segment(tier: str, task_type: str) -> dict[str, object]:
    return {"tier": tier, "task_type": task_type, "every": task_type in EVERY}
