"""Artefacts of classifiers, kept for good, and the model versions made of them."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, Select, and_, func, select
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.learned import ArtefactRow, ModelRow
from tierwatch.store.schema.policies import PolicyRow
from tierwatch.store.schema.values import select_fields


@dataclass(frozen=True, slots=True)
class Artefact:
    """A boundary's classifier as it was kept.

    Attributes:
        pairs: it has learned.
        position: of the newest outcome it learned from.
        author: who or what made it.
    """

    id: int
    boundary: str
    artefact: bytes
    pairs: int
    position: int
    author: str
    created_at: dt.datetime


def add_artefact(
    connection: Connection,
    boundary: str,
    *,
    artefact: bytes,
    pairs: int,
    position: int,
    author: str,
) -> int:
    """Keep an artefact for good; gives its id."""
    added = connection.execute(
        insert(ArtefactRow)
        .values(boundary=boundary, artefact=artefact, pairs=pairs, position=position, author=author)
        .returning(ArtefactRow.id)
    )
    return int(added.scalar_one())


def load_artefact(connection: Connection, artefact_id: int) -> Artefact | None:
    """An artefact, or None."""
    row = connection.execute(
        select_fields(Artefact, ArtefactRow).where(ArtefactRow.id == artefact_id)
    ).one_or_none()
    return None if row is None else Artefact(*row)


def model_artefacts(connection: Connection, version: int) -> dict[str, bytes]:
    """Boundary -> artefact of a version; empty when there is no such version."""
    rows = connection.execute(
        select(ModelRow.boundary, ArtefactRow.artefact)
        .join(ArtefactRow, ArtefactRow.id == ModelRow.artefact_id)
        .where(ModelRow.version == version)
    )
    return {row.boundary: bytes(row.artefact) for row in rows}


def artefact_at(connection: Connection, version: int, boundary: str) -> int:
    """Id of a boundary's artefact in a version; 0 where the configured classifier decides."""
    found = connection.execute(
        select(ModelRow.artefact_id).where(
            ModelRow.version == version, ModelRow.boundary == boundary
        )
    ).scalar_one_or_none()
    return found or 0


def add_model(connection: Connection, base: int, boundary: str, artefact_id: int) -> int:
    """Add the version that is like ``base`` but for one boundary; gives its number.

    Call it with the active row locked, so that no two take one number.
    """
    newest = connection.execute(select(func.max(ModelRow.version))).scalar_one()
    version = int(newest or 0) + 1
    inherited = connection.execute(
        select(ModelRow.boundary, ModelRow.artefact_id).where(ModelRow.version == base)
    )
    artefacts = {row.boundary: row.artefact_id for row in inherited} | {boundary: artefact_id}
    connection.execute(
        insert(ModelRow),
        [
            {"version": version, "boundary": name, "artefact_id": artefact}
            for name, artefact in artefacts.items()
        ],
    )
    return version


def policies_of_other_models(boundary: str, artefact_id: int) -> Select[int]:
    """Versions of policies under which another classifier decided at a boundary.

    Confidences of two classifiers are not comparable: what was gathered under these policies says
    nothing of a threshold for this artefact (0: the configured classifier).
    """
    return (
        select(PolicyRow.version)
        .outerjoin(
            ModelRow,
            and_(ModelRow.version == PolicyRow.classifier, ModelRow.boundary == boundary),
        )
        .where(func.coalesce(ModelRow.artefact_id, 0) != artefact_id)
    )
