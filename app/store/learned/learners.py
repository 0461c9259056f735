"""The working classifier of each boundary, which learns from pair after pair."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, func, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.learned import LearnerRow
from tierwatch.store.schema.values import select_fields


@dataclass(frozen=True, slots=True)
class Learner:
    """The working classifier of a boundary.

    Attributes:
        pairs: it has learned.
        position: of the newest outcome it has taken.
        candidate_id: the artefact that waits for held-out pairs, or None.
    """

    boundary: str
    artefact: bytes
    pairs: int
    position: int
    candidate_id: int | None
    updated_at: dt.datetime


def load_learner(connection: Connection, boundary: str) -> Learner | None:
    """A boundary's working classifier, locked, or None."""
    row = connection.execute(
        select_fields(Learner, LearnerRow).where(LearnerRow.boundary == boundary).with_for_update()
    ).one_or_none()
    return None if row is None else Learner(*row)


def put_learner(
    connection: Connection, boundary: str, *, artefact: bytes, pairs: int, position: int
) -> None:
    """Write a boundary's working classifier; its candidate stays what it is."""
    new = insert(LearnerRow).values(
        boundary=boundary, artefact=artefact, pairs=pairs, position=position
    )
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[LearnerRow.boundary],
            set_={
                "artefact": new.excluded.artefact,
                "pairs": new.excluded.pairs,
                "position": new.excluded.position,
                "updated_at": func.now(),
            },
        )
    )


def move_learner(connection: Connection, boundary: str, position: int) -> None:
    """Note that nothing up to a position concerned a boundary, without writing its classifier."""
    connection.execute(
        update(LearnerRow).where(LearnerRow.boundary == boundary).values(position=position)
    )


def set_candidate(connection: Connection, boundary: str, artefact_id: int | None) -> None:
    """Name the artefact that waits for held-out pairs, or none."""
    connection.execute(
        update(LearnerRow).where(LearnerRow.boundary == boundary).values(candidate_id=artefact_id)
    )
