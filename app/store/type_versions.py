"""Versions of the task types, and the judged prompts they are built from."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema import AuditRow, ExchangeTextRow, OutcomeRow, TaskTypesRow

# Names the lock of whoever builds types; any number that nothing else locks by.
_BUILDING = 7_300_061


@dataclass(frozen=True, slots=True)
class StoredTypes:
    """One version as it was stored."""

    version: int
    artefact: bytes
    names: list[str]
    evidence: dict[str, Any]
    mapping: dict[str, str | None]
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class JudgedPrompt:
    """A request whose pair was judged: its redacted body, and the loss at the boundary."""

    request: dict[str, Any]
    boundary: str
    loss: float
    session: str


@dataclass(frozen=True, slots=True)
class TypeLosses:
    """Judged pairs of one task type in one direction, a conversation as one by its mean loss."""

    task_type: str
    direction: str
    losses: list[float]
    weights: list[float]


def hold_building(connection: Connection) -> bool:
    """Whether this transaction alone may build types now; held until it ends."""
    got = connection.execute(text("select pg_try_advisory_xact_lock(:key)"), {"key": _BUILDING})
    return bool(got.scalar_one())


def active_version(connection: Connection) -> int:
    """The version in force; 0 when none is."""
    found = connection.execute(select(TaskTypesRow.version).where(TaskTypesRow.active))
    return found.scalar_one_or_none() or 0


def active_types(connection: Connection) -> StoredTypes | None:
    """The version in force, or None."""
    row = connection.execute(
        select(
            TaskTypesRow.version,
            TaskTypesRow.artefact,
            TaskTypesRow.names,
            TaskTypesRow.evidence,
            TaskTypesRow.mapping,
            TaskTypesRow.created_at,
        ).where(TaskTypesRow.active)
    ).one_or_none()
    return None if row is None else StoredTypes(*row)


def active_names(connection: Connection) -> list[str]:
    """Names of the types in force; empty without types."""
    found = connection.execute(select(TaskTypesRow.names).where(TaskTypesRow.active))
    return list(found.scalar_one_or_none() or [])


def next_types_version(connection: Connection) -> int:
    """The first version number not yet used."""
    return (connection.execute(select(func.max(TaskTypesRow.version))).scalar_one() or 0) + 1


def names_ever_used(connection: Connection) -> set[str]:
    """Every name that a type of any version had."""
    names = connection.execute(select(TaskTypesRow.names)).scalars()
    return {name for of_version in names for name in of_version}


def add_types(
    connection: Connection,
    *,
    version: int,
    artefact: bytes,
    names: list[str],
    evidence: Mapping[str, Any],
    mapping: Mapping[str, str | None],
) -> None:
    """Store a version and put it in force in place of the one before."""
    switch_types_off(connection)
    connection.execute(
        insert(TaskTypesRow).values(
            version=version,
            artefact=artefact,
            names=names,
            evidence=dict(evidence),
            mapping=dict(mapping),
            active=True,
        )
    )


def switch_types_off(connection: Connection) -> bool:
    """Put no types in force; False when none were."""
    gone = connection.execute(
        update(TaskTypesRow)
        .where(TaskTypesRow.active)
        .values(active=False)
        .returning(TaskTypesRow.version)
    )
    return gone.one_or_none() is not None


def last_looked(connection: Connection) -> dt.datetime | None:
    """When types were last built, whether or not they were put in force."""
    return connection.execute(
        select(func.max(AuditRow.at)).where(AuditRow.subject.like("task_types/%"))
    ).scalar_one()


def judged_prompts(connection: Connection, *, judge_version: str, limit: int) -> list[JudgedPrompt]:
    """The newest judged requests whose text is still kept, oldest first."""
    rows = connection.execute(
        select(ExchangeTextRow.request, OutcomeRow.boundary, OutcomeRow.loss, OutcomeRow.session)
        .join(ExchangeTextRow, ExchangeTextRow.id == OutcomeRow.exchange_id)
        .where(OutcomeRow.judge_version == judge_version)
        .order_by(OutcomeRow.id.desc())
        .limit(limit)
    )
    return [JudgedPrompt(*row) for row in rows][::-1]


def type_losses(
    connection: Connection, *, judge_version: str, limit: int = 100_000
) -> list[TypeLosses]:
    """What the newest pairs say of each task type, by direction."""
    rows = connection.execute(
        text(
            """
            with newest as (
                select task_type, direction, session, loss, pi from outcomes
                where judge_version = :judge order by id desc limit :limit
            ), talks as (
                select task_type, direction, avg(1 / pi) as weight,
                       least(1, sum(loss / pi) / sum(1 / pi)) as loss
                from newest group by task_type, direction, session
            )
            select task_type, direction, array_agg(loss), array_agg(weight)
            from talks group by 1, 2 order by 1, 2
            """
        ),
        {"judge": judge_version, "limit": limit},
    )
    return [TypeLosses(*row) for row in rows]


def requests_by_type(connection: Connection, *, days: int = 7) -> dict[str, int]:
    """All requests of the last days by the type they were given."""
    rows = connection.execute(
        text(
            "select task_type, sum(requests)::bigint as requests from rollups"
            " where minute > now() - make_interval(days => :days) group by 1"
        ),
        {"days": days},
    )
    return {row.task_type: row.requests for row in rows}
