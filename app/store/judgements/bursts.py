"""Segments that are sampled more densely than planned: written by the watch, read by gateways."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.documents import Json
from tierwatch.store.reading.one_row import Part, json_rows, values_of
from tierwatch.store.schema.bursts import BurstRow
from tierwatch.store.schema.exchanges import ExchangeRow
from tierwatch.store.schema.judgements import MonitorRow
from tierwatch.store.schema.values import field_names, select_fields
from tierwatch.store.traffic.exchanges import first_id

# An exchange is judged within this time or hardly ever; it keeps the search to the newest months.
_JUDGED_WITHIN = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class SampledBurst:
    """The newest burst of a segment, as `schema.bursts.BurstRow` explains it."""

    tier: str
    task_type: str
    density: float
    asked: float
    statistic: float
    level: float
    times: int
    started_at: dt.datetime
    until: dt.datetime
    ended_at: dt.datetime | None
    why_ended: str
    asked_until: dt.datetime | None = None
    asked_by: str | None = None

    @property
    def starved(self) -> bool:
        """Whether the day's money does not allow what is asked."""
        return self.density < self.asked

    def is_asked(self, now: dt.datetime) -> bool:
        """Whether a person asked for it, and that time is not over."""
        return self.asked_until is not None and self.asked_until > now

    def is_active(self, now: dt.datetime) -> bool:
        """Whether gateways sample by it, or would if there were money."""
        return self.ended_at is None and self.until > now


def all_bursts(connection: Connection) -> list[SampledBurst]:
    """The newest burst of each segment that ever had one."""
    query = select_fields(SampledBurst, BurstRow)
    found = connection.execute(query.order_by(BurstRow.tier, BurstRow.task_type))
    return [SampledBurst(*row) for row in found]


# Those that gateways sample by at this moment.
ACTIVE_BURSTS: Final = Part(
    (
        json_rows(
            f"select {field_names(SampledBurst)} from bursts"  # noqa: S608 - ours
            " where ended_at is null and until > now() order by tier, task_type"
        ),
    ),
    values_of(SampledBurst),
)


@dataclass(frozen=True, slots=True)
class PolledBurst:
    """What a gateway needs of an active burst; ``left_s`` is how long it has still to go."""

    tier: str
    task_type: str
    density: float
    left_s: float


def polled_bursts(connection: Connection) -> list[PolledBurst]:
    """Bursts to sample by from now on."""
    left = func.extract("epoch", BurstRow.until - func.now())
    found = connection.execute(
        select(BurstRow.tier, BurstRow.task_type, BurstRow.density, left)
        .where(BurstRow.ended_at.is_(None), BurstRow.until > func.now(), BurstRow.density > 1)
        .order_by(BurstRow.tier, BurstRow.task_type)
    )
    return [PolledBurst(row[0], row[1], row[2], float(row[3])) for row in found]


def put_burst(
    connection: Connection,
    segment: tuple[str, str],
    *,
    density: float,
    asked: float,
    statistic: float,
    level: float,
    until: dt.datetime,
) -> SampledBurst:
    """Begin a segment's burst, or prolong the one it has; return it."""
    new = insert(BurstRow).values(
        tier=segment[0],
        task_type=segment[1],
        density=density,
        asked=asked,
        statistic=statistic,
        level=level,
        until=until,
    )
    columns = BurstRow.__table__.columns
    row = connection.execute(
        new.on_conflict_do_update(
            index_elements=[BurstRow.tier, BurstRow.task_type],
            set_={
                name: new.excluded[name]
                for name in ("density", "asked", "statistic", "level", "until")
            }
            | {
                "started_at": text(
                    "case when bursts.ended_at is null then bursts.started_at else now() end"
                ),
                "times": text("bursts.times + (bursts.ended_at is not null)::int"),
                "ended_at": None,
                "why_ended": "",
            },
        ).returning(*(columns[field.name] for field in fields(SampledBurst)))
    ).one()
    return SampledBurst(*row)


def put_request(
    connection: Connection, segment: tuple[str, str], *, until: dt.datetime, actor: str
) -> None:
    """Write down that a person asked for a segment's burst until a moment."""
    connection.execute(
        update(BurstRow)
        .where(BurstRow.tier == segment[0], BurstRow.task_type == segment[1])
        .values(asked_until=until, asked_by=actor)
    )


def end_burst(connection: Connection, segment: tuple[str, str], *, why: str) -> None:
    """Write down that a segment's burst is over; nothing where it has none."""
    connection.execute(
        update(BurstRow)
        .where(
            BurstRow.tier == segment[0],
            BurstRow.task_type == segment[1],
            BurstRow.ended_at.is_(None),
        )
        .values(ended_at=func.now(), why_ended=why, asked_until=None, asked_by=None)
    )


@dataclass(frozen=True, slots=True)
class FedStream:
    """A misroute stream that took in a pair of late; ``state`` is its monitor's."""

    tier: str
    task_type: str
    state: Json
    alarmed: bool


def fed_since(connection: Connection, since: dt.datetime) -> list[FedStream]:
    """Misroute streams that took in a pair since a moment."""
    found = connection.execute(
        select(MonitorRow.tier, MonitorRow.task_type, MonitorRow.state, MonitorRow.alarmed)
        .where(MonitorRow.kind == "misroute", MonitorRow.updated_at >= since)
        .order_by(MonitorRow.stream)
    )
    return [FedStream(*row) for row in found]


@dataclass(frozen=True, slots=True)
class PlainCost:
    """What evaluating a segment has cost.

    Attributes:
        usd: in truth.
        plain_usd: what it would have cost when sampled as planned.
    """

    usd: float
    plain_usd: float


def costs_since(connection: Connection, since: dt.datetime) -> Mapping[tuple[str, str], PlainCost]:
    """By tier and task type, what shadow answers and verdicts have cost since a moment."""
    found = connection.execute(
        text(
            """
            with paid as (
                select exchange_id, cost_usd from alternatives where created_at >= :since
                union all
                select exchange_id, cost_usd from verdicts where created_at >= :since
            )
            select e.tier, e.task_type, sum(p.cost_usd) as usd,
                   sum(p.cost_usd / greatest(e.density, 1)) as plain_usd
            from paid p join exchanges e on e.id = p.exchange_id
            where e.id >= :first group by 1, 2
            """
        ),
        {"since": since, "first": first_id(since - _JUDGED_WITHIN)},
    )
    return {(row.tier, row.task_type): PlainCost(row.usd, row.plain_usd) for row in found}


@dataclass(frozen=True, slots=True)
class SegmentLoad:
    """What is judged of a segment, and what that costs, as if it was sampled as planned.

    Attributes:
        pairs: upwards, each counted as one over its density.
        usd: their shadow answers and verdicts, counted so, with those of their twins.
    """

    tier: str
    task_type: str
    pairs: float
    usd: float


def segment_loads(connection: Connection, since: dt.datetime) -> list[SegmentLoad]:
    """Judged pairs upwards and their cost since a moment, by tier and task type."""
    rows = connection.execute(
        text(
            """
            with judged as (
                select exchange_id, sum(cost_usd) as usd from verdicts
                where created_at >= :since group by 1
            ), answered as (
                select exchange_id, sum(cost_usd) as usd from alternatives
                where created_at >= :since group by 1
            )
            select e.tier, e.task_type,
                   sum(1 / greatest(e.density, 1)) filter (where e.direction = 'up') as pairs,
                   sum((j.usd + coalesce(a.usd, 0)) / greatest(e.density, 1)) as usd
            from exchanges e join judged j on j.exchange_id = e.id
            left join answered a on a.exchange_id = e.id
            where e.id >= :first and e.direction in ('up', 'top')
            group by 1, 2 having bool_or(e.direction = 'up') order by 1, 2
            """
        ),
        {"since": since, "first": first_id(since - _JUDGED_WITHIN)},
    )
    return [SegmentLoad(row.tier, row.task_type, row.pairs, row.usd) for row in rows]


def first_arrival(connection: Connection, since: dt.datetime) -> dt.datetime | None:
    """When the first sampled exchange since a moment arrived; None without one."""
    return connection.execute(
        select(ExchangeRow.arrived_at)
        .where(ExchangeRow.id >= first_id(since))
        .order_by(ExchangeRow.id)
        .limit(1)
    ).scalar_one_or_none()


def burst_usd_today(connection: Connection) -> float:
    """USD that bursts have cost since midnight UTC beyond what the plan asked for."""
    midnight = connection.execute(select(func.date_trunc("day", func.now(), "UTC"))).scalar_one()
    # Most days have none, and gateways ask every few seconds.
    if (
        connection.execute(select(BurstRow.tier).where(BurstRow.until >= midnight).limit(1)).first()
        is None
    ):
        return 0.0
    return sum(cost.usd - cost.plain_usd for cost in costs_since(connection, midnight).values())
