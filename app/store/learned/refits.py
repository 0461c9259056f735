"""Comparisons of candidates with the model that serves, whatever came of them."""

from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.learned import RefitRow


def last_refit(connection: Connection, boundary: str) -> Any:
    """The newest comparison at a boundary, or None."""
    return connection.execute(
        select(*RefitRow.__table__.columns)
        .where(RefitRow.boundary == boundary)
        .order_by(RefitRow.k.desc())
        .limit(1)
    ).one_or_none()


def refits_against(connection: Connection, boundary: str, incumbent_id: int) -> int:
    """How many candidates were compared with an incumbent."""
    count = connection.execute(
        select(func.count())
        .select_from(RefitRow)
        .where(RefitRow.boundary == boundary, RefitRow.incumbent_id == incumbent_id)
    ).scalar_one()
    return int(count)


def add_refit(connection: Connection, **columns: Any) -> None:
    """Record a comparison, whatever came of it."""
    connection.execute(insert(RefitRow).values(**columns))
