"""Comparisons of candidates with the model that serves, whatever came of them."""

import datetime as dt
from dataclasses import dataclass
from typing import TypedDict, Unpack

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.documents import Json
from tierwatch.store.schema.learned import RefitRow
from tierwatch.store.schema.values import select_fields


class RefitColumns(TypedDict):
    """A comparison to record."""

    boundary: str
    k: int
    incumbent_id: int
    candidate_id: int
    first_position: int
    last_position: int
    pairs: int
    result: Json


@dataclass(frozen=True, slots=True)
class Refit:
    """One comparison of a candidate with the model that serves.

    Attributes:
        k: the how-many-th at its boundary; says what of the error budget it spent.
        incumbent_id: the artefact that served, 0 for the configured classifier.
        candidate_id: the artefact that was compared with it.
        first_position: of the held-out outcomes.
        last_position: of the held-out outcomes.
        pairs: held out.
        result: what came of it, as `loop.improve` wrote it.
    """

    id: int
    boundary: str
    k: int
    incumbent_id: int
    candidate_id: int
    first_position: int
    last_position: int
    pairs: int
    result: Json
    created_at: dt.datetime


def last_refit(connection: Connection, boundary: str) -> Refit | None:
    """The newest comparison at a boundary, or None."""
    row = connection.execute(
        select_fields(Refit, RefitRow)
        .where(RefitRow.boundary == boundary)
        .order_by(RefitRow.k.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Refit(*row)


def refits_against(connection: Connection, boundary: str, incumbent_id: int) -> int:
    """How many candidates were compared with an incumbent."""
    count = connection.execute(
        select(func.count())
        .select_from(RefitRow)
        .where(RefitRow.boundary == boundary, RefitRow.incumbent_id == incumbent_id)
    ).scalar_one()
    return int(count)


def add_refit(connection: Connection, **columns: Unpack[RefitColumns]) -> None:
    """Record a comparison, whatever came of it."""
    connection.execute(insert(RefitRow).values(**columns))
