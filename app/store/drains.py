"""Drains: tiers that keep nothing for some time, because a person has sent their requests up."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.reading.one_row import Part, json_rows, values_of
from tierwatch.store.schema.policies import DrainRow
from tierwatch.store.schema.values import field_names, select_fields


@dataclass(frozen=True, slots=True)
class Drain:
    """A drain, as `schema.policies.DrainRow` explains it."""

    id: int
    tier: str
    task_type: str
    alert_id: int | None
    actor: str
    why: str
    began_at: dt.datetime
    until: dt.datetime
    ended_at: dt.datetime | None
    ended_by: str | None
    ended_why: str | None


# Those that have not ended, oldest first; one that is overdue is among them.
DRAINS: Final = Part(
    (json_rows(f"select {field_names(Drain)} from drains where ended_at is null order by id"),),  # noqa: S608 - ours
    values_of(Drain),
)


def drains_going_on(connection: Connection, *, lock: bool = False) -> list[Drain]:
    """Drains that have not ended, oldest first; one that is overdue is among them."""
    query = select_fields(Drain, DrainRow).where(DrainRow.ended_at.is_(None)).order_by(DrainRow.id)
    found = connection.execute(query.with_for_update() if lock else query)
    return [Drain(*row) for row in found]


def load_drain(connection: Connection, drain_id: int) -> Drain | None:
    """A drain, or None."""
    row = connection.execute(
        select_fields(Drain, DrainRow).where(DrainRow.id == drain_id)
    ).one_or_none()
    return None if row is None else Drain(*row)


def drains_of_alert(connection: Connection, alert_id: int) -> list[Drain]:
    """Drains that were begun for an alert, newest first."""
    query = select_fields(Drain, DrainRow).where(DrainRow.alert_id == alert_id)
    return [Drain(*row) for row in connection.execute(query.order_by(DrainRow.id.desc()))]


def put_drain(
    connection: Connection,
    segment: tuple[str, str],
    *,
    now: dt.datetime,
    until: dt.datetime,
    actor: str,
    why: str,
    alert_id: int | None,
) -> int:
    """Begin a drain of a tier and task type, or give the one that goes on another end."""
    drain = connection.execute(
        select(DrainRow.id)
        .where(
            DrainRow.tier == segment[0],
            DrainRow.task_type == segment[1],
            DrainRow.ended_at.is_(None),
        )
        .with_for_update()
    ).scalar_one_or_none()
    if drain is not None:
        changed = {"until": until, "actor": actor, "why": why, "alert_id": alert_id}
        connection.execute(update(DrainRow).where(DrainRow.id == drain).values(**changed))
        return drain
    return connection.execute(
        insert(DrainRow)
        .values(
            tier=segment[0],
            task_type=segment[1],
            began_at=now,
            until=until,
            actor=actor,
            why=why,
            alert_id=alert_id,
        )
        .returning(DrainRow.id)
    ).scalar_one()


def put_drain_end(connection: Connection, drain_id: int, *, actor: str, why: str) -> None:
    """Write down that a drain is over."""
    connection.execute(
        update(DrainRow)
        .where(DrainRow.id == drain_id, DrainRow.ended_at.is_(None))
        .values(ended_at=func.now(), ended_by=actor, ended_why=why)
    )
