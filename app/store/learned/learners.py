"""The working classifier of each boundary, which learns from pair after pair."""

from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.learned import LearnerRow


def load_learner(connection: Connection, boundary: str) -> Any:
    """A boundary's working classifier, locked, or None."""
    return connection.execute(
        select(*LearnerRow.__table__.columns)
        .where(LearnerRow.boundary == boundary)
        .with_for_update()
    ).one_or_none()


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
