"""Direct comparisons with the top tier: which exchange has a twin, what the judge said of it."""

import uuid
from collections.abc import Sequence
from typing import TypedDict

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.exchanges import DirectPairRow


class DirectColumns(TypedDict):
    """A direct comparison to add; `schema.exchanges.DirectPairRow` explains it."""

    exchange_id: uuid.UUID
    tier: str
    twin_id: uuid.UUID
    share: float
    pi: float


def add_direct_pairs(connection: Connection, rows: Sequence[DirectColumns]) -> None:
    """Add direct comparisons; what is there already changes nothing."""
    if rows:
        connection.execute(
            insert(DirectPairRow).on_conflict_do_nothing(), [dict(row) for row in rows]
        )


def original_of(connection: Connection, exchange_id: uuid.UUID) -> uuid.UUID:
    """The exchange that a twin repeats; of any other exchange its own id."""
    found = connection.execute(
        select(DirectPairRow.exchange_id).where(DirectPairRow.twin_id == exchange_id)
    ).scalar_one_or_none()
    return exchange_id if found is None else found
