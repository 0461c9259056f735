"""Verdicts, and the outcomes they reduce to: added by the judge, taken by the monitors."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NotRequired, TypedDict, Unpack

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.documents import Json
from tierwatch.store.reading.one_row import Part, read_part
from tierwatch.store.schema.judgements import OutcomeRow, VerdictRow
from tierwatch.store.schema.values import field_names, select_fields


class VerdictColumns(TypedDict):
    """A verdict to add; ``preferred`` is None when it is unscored, for ``unscored_why``."""

    judge_version: str
    preferred: str | None
    basis: str
    reason: str
    unscored_why: str
    orders: Sequence[Json]
    cost_usd: float
    calls: int
    latency_ms: float
    asked: NotRequired[Sequence[Json]]


class OutcomeColumns(TypedDict):
    """An outcome to add, as `schema.judgements.OutcomeRow` explains it."""

    exchange_id: uuid.UUID
    judge_version: str
    session: str
    request_no: int
    tier: str
    task_type: str
    boundary: str
    direction: str
    stream: str
    policy_version: int
    confidence: float
    pi: float
    weight: float
    density: NotRequired[float]
    tier_density: NotRequired[float]
    loss: float
    basis: str
    position: NotRequired[int]
    observation: NotRequired[int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict reduced to a loss, as the monitors take it.

    Attributes:
        direction: ``up``, and the loss is a misroute; ``down``, and 1 - loss is overspend.
        stream: the segment under one policy, model and judge; the stream that it feeds has the own
            rule of the segment in the place of the policy (`own_rules`).
        weight: what it counts against a plain sample of its moment.
        density: how many times as densely its segment was sampled.
        tier_density: how many times as densely all of its tier was.
        loss: 1 when the lower tier's answer was materially worse, else 0.
        basis: what the verdict rests on.
        observation: those of one conversation share one; None before the monitors took it.
    """

    id: int
    exchange_id: uuid.UUID
    judge_version: str
    session: str
    request_no: int
    tier: str
    task_type: str
    direction: str
    stream: str
    policy_version: int
    confidence: float
    weight: float
    density: float
    tier_density: float
    loss: float
    basis: str
    observation: int | None

    @property
    def in_segment(self) -> "Outcome":
        """The outcome among those of its segment: as heavy as when sampled as planned."""
        return self._as_dense_as(self.density)

    @property
    def in_tier(self) -> "Outcome":
        """The outcome among all of its tier: lighter if its segment alone was sampled densely."""
        return self._as_dense_as(self.tier_density)

    def _as_dense_as(self, density: float) -> "Outcome":
        if self.density == self.tier_density == 1:
            return self
        return replace(self, weight=self.weight * density, density=1.0, tier_density=1.0)


def add_verdict(
    connection: Connection, exchange_id: uuid.UUID, **columns: Unpack[VerdictColumns]
) -> bool:
    """Add the judge's word on a pair; False when this judge version had spoken already."""
    added = connection.execute(
        insert(VerdictRow)
        .values(exchange_id=exchange_id, **columns)
        .on_conflict_do_nothing()
        .returning(VerdictRow.exchange_id)
    ).one_or_none()
    return added is not None


def add_outcome(connection: Connection, **columns: Unpack[OutcomeColumns]) -> None:
    """Add what a verdict means for its boundary."""
    connection.execute(insert(OutcomeRow).values(**columns).on_conflict_do_nothing())


def take_unobserved(connection: Connection, *, idle_s: float, limit: int) -> list[Outcome]:
    """Lock and return outcomes that no monitor has seen, of whole conversations that have ended.

    A conversation has ended when none of its exchanges is in evaluation and none was captured in
    the last ``idle_s`` seconds. One that never pauses (a service that sends its own name as the
    user) is cut after six times that. An exchange whose session is its own id, as those that
    nobody named had before conversations were known by how they began, waits for nothing.

    Args:
        connection: any.
        idle_s: silence after which a conversation counts as ended.
        limit: conversations to take, oldest first.

    Returns:
        In order of arrival, all there are of each conversation.
    """
    found = connection.execute(
        text(
            f"""
            with going_on as (
                select session from exchanges where ended_at is null and direction <> 'top'
                union
                select session from exchanges where captured_at > now() - :idle
            ), ready as (
                select session, min(id) as first from outcomes
                where position is null
                group by session
                having bool_or(session = exchange_id::text)
                    or session not in (select * from going_on)
                    or min(created_at) < now() - 6 * :idle
                order by first limit :limit
            )
            select {field_names(Outcome)} from outcomes join ready using (session)
            where position is null order by id for update of outcomes
            """  # noqa: S608 - the names are ours
        ),
        {"idle": dt.timedelta(seconds=idle_s), "limit": limit},
    )
    return [Outcome(*row) for row in found]


def set_positions(connection: Connection, observations: Sequence[Sequence[int]]) -> None:
    """Write down which outcomes the monitors saw together, and in which order.

    Args:
        connection: any.
        observations: ids of outcomes, those of one observation together.
    """
    newest = connection.execute(
        select(OutcomeRow.position, OutcomeRow.observation)
        .where(OutcomeRow.position.is_not(None))
        .order_by(OutcomeRow.position.desc())
        .limit(1)
    ).one_or_none() or (0, 0)
    ids = [outcome_id for together in observations for outcome_id in together]
    first = newest[0] or 0
    numbers = [
        number
        for number, together in enumerate(observations, (newest[1] or 0) + 1)
        for _ in together
    ]
    connection.execute(
        text(
            "update outcomes set position = given.position, observation = given.observation"
            " from unnest(cast(:ids as bigint[]), cast(:positions as bigint[]),"
            " cast(:observations as bigint[])) as given(id, position, observation)"
            " where outcomes.id = given.id"
        ),
        {
            "ids": ids,
            "positions": list(range(first + 1, first + 1 + len(ids))),
            "observations": numbers,
        },
    )


def stream_outcomes(connection: Connection, streams: Sequence[str]) -> list[Outcome]:
    """Outcomes that streams have seen, in the order they saw them."""
    found = connection.execute(
        select_fields(Outcome, OutcomeRow)
        .where(
            OutcomeRow.stream.in_(streams),
            OutcomeRow.direction == "up",
            OutcomeRow.position.is_not(None),
        )
        .order_by(OutcomeRow.position)
    )
    return [Outcome(*row) for row in found]


def newest_position(connection: Connection) -> int:
    """Position of the outcome that the monitors took last; 0 before the first."""
    query = select(OutcomeRow.position).where(OutcomeRow.position.is_not(None))
    return connection.execute(query.order_by(OutcomeRow.position.desc()).limit(1)).scalar() or 0


def outcomes_after(
    connection: Connection, position: int, *, tier: str, task_type: str | None, judge_version: str
) -> list[Outcome]:
    """Outcomes of a tier's kept traffic that the monitors took after a position, in that order.

    ``task_type`` None takes all types.
    """
    query = select_fields(Outcome, OutcomeRow).where(
        OutcomeRow.position > position,
        OutcomeRow.tier == tier,
        OutcomeRow.direction == "up",
        OutcomeRow.judge_version == judge_version,
    )
    if task_type is not None:
        query = query.where(OutcomeRow.task_type == task_type)
    return [Outcome(*row) for row in connection.execute(query.order_by(OutcomeRow.position))]


def streams_pooled_in(connection: Connection, pooled: Sequence[str]) -> list[str]:
    """The names under which outcomes of single task types carry what pooled streams have seen.

    Args:
        connection: any.
        pooled: names ``tier|*|p<policy>|model|judge``, all of one tier.
    """
    if not pooled:
        return []
    tier = pooled[0].partition("|")[0]
    found = connection.execute(
        text(
            "select distinct stream from outcomes where boundary = :tier and tier = :tier"
            " and starts_with(stream, :head)"
            " and substr(stream, strpos(substr(stream, length(:head) + 1), '|') + length(:head))"
            " = any(:tails)"
        ),
        {
            "tier": tier,
            "head": f"{tier}|",
            "tails": ["|" + name.split("|", 2)[2] for name in pooled],
        },
    )
    return sorted(row.stream for row in found)


def replay_outcomes(connection: Connection) -> list[Outcome]:
    """Every observed outcome in the order the monitors saw them."""
    found = connection.execute(
        select_fields(Outcome, OutcomeRow)
        .where(OutcomeRow.position.is_not(None))
        .order_by(OutcomeRow.position)
    )
    return [Outcome(*row) for row in found]


NEWEST_JUDGE: Final = "(select judge_version from outcomes order by id desc limit 1)"
# Empty before the first outcome.
JUDGE_VERSION: Final = Part((f"coalesce({NEWEST_JUDGE}, '')",), str)


def newest_judge_version(connection: Connection) -> str | None:
    """The judge version that spoke last; outcomes of others are another measurement."""
    return read_part(connection, JUDGE_VERSION) or None
