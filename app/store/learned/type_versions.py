"""Versions of the task types, and which one is active."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.documents import Json
from tierwatch.store.locks import try_lock
from tierwatch.store.schema.learned import TaskTypesRow
from tierwatch.store.schema.people import AuditRow

# Names the lock of whoever builds types; any number that nothing else locks by.
_BUILDING = 7_300_061


@dataclass(frozen=True, slots=True)
class StoredTypes:
    """One version as it was stored."""

    version: int
    artefact: bytes
    names: list[str]
    evidence: Json
    mapping: dict[str, str | None]
    created_at: dt.datetime


def hold_building(connection: Connection) -> bool:
    """Whether this transaction alone may build types now; held until it ends."""
    return try_lock(connection, _BUILDING)


def active_version(connection: Connection) -> int:
    """The active version; 0 when none is."""
    found = connection.execute(select(TaskTypesRow.version).where(TaskTypesRow.active))
    return found.scalar_one_or_none() or 0


def active_types(connection: Connection) -> StoredTypes | None:
    """The active version, or None."""
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
    """Names of the active types; empty without types."""
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
    evidence: Mapping[str, object],
    mapping: Mapping[str, str | None],
) -> None:
    """Store a version and make it the active one in place of the one before."""
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
    """Leave no version active; False when none was."""
    gone = connection.execute(
        update(TaskTypesRow)
        .where(TaskTypesRow.active)
        .values(active=False)
        .returning(TaskTypesRow.version)
    )
    return gone.one_or_none() is not None


def last_built(connection: Connection) -> dt.datetime | None:
    """When types were last built, whether or not they became active."""
    return connection.execute(
        select(func.max(AuditRow.at)).where(AuditRow.subject.like("task_types/%"))
    ).scalar_one()
