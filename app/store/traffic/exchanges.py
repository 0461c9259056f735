"""Sampled exchanges and their texts, in and out."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.exchanges import (
    AlternativeRow,
    AlternativeTextRow,
    ExchangeRow,
    ExchangeTextRow,
)


@dataclass(frozen=True, slots=True)
class StoredPair:
    """An exchange as a worker needs it; texts are None once retention took them.

    ``alternative`` is the shadow answer's message, None before the shadow ran.
    """

    exchange: dict[str, Any]
    request: dict[str, Any] | None
    answer: dict[str, Any] | None
    alternative: dict[str, Any] | None
    shadowed: bool


def add_exchanges(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[uuid.UUID]:
    """Add exchanges with their texts; a row that is there already changes nothing.

    Args:
        connection: inside the caller's transaction.
        rows: columns of ``exchanges`` and the two texts ``request`` and ``answer``.

    Returns:
        Ids of the rows that were new.
    """
    if not rows:
        return []
    texts = [{"id": row["id"], "request": row["request"], "answer": row["answer"]} for row in rows]
    figures = [
        {name: value for name, value in row.items() if name not in {"request", "answer"}}
        for row in rows
    ]
    added = connection.execute(
        insert(ExchangeRow).on_conflict_do_nothing().returning(ExchangeRow.id), figures
    )
    new = [row.id for row in added]
    connection.execute(insert(ExchangeTextRow).on_conflict_do_nothing(), texts)
    return new


def load_pair(connection: Connection, exchange_id: uuid.UUID) -> StoredPair | None:
    """Return an exchange with what is known of it, or None when there is no such exchange."""
    row = connection.execute(
        select(
            *ExchangeRow.__table__.columns,
            ExchangeTextRow.request.label("text_request"),
            ExchangeTextRow.answer.label("text_answer"),
            AlternativeRow.exchange_id.label("shadow_id"),
            AlternativeTextRow.answer.label("text_alternative"),
        )
        .select_from(ExchangeRow)
        .outerjoin(ExchangeTextRow, ExchangeTextRow.id == ExchangeRow.id)
        .outerjoin(AlternativeRow, AlternativeRow.exchange_id == ExchangeRow.id)
        .outerjoin(AlternativeTextRow, AlternativeTextRow.id == ExchangeRow.id)
        .where(ExchangeRow.id == exchange_id)
    ).one_or_none()
    if row is None:
        return None
    exchange = {
        column.name: row._mapping[column.name]  # noqa: SLF001 - SQLAlchemy's public mapping view
        for column in ExchangeRow.__table__.columns
    }
    return StoredPair(
        exchange=exchange,
        request=row.text_request,
        answer=row.text_answer,
        alternative=row.text_alternative,
        shadowed=row.shadow_id is not None,
    )


def add_alternative(
    connection: Connection, exchange_id: uuid.UUID, *, message: dict[str, Any], **figures: Any
) -> bool:
    """Add the shadow answer; False when another worker already had."""
    added = connection.execute(
        insert(AlternativeRow)
        .values(exchange_id=exchange_id, **figures)
        .on_conflict_do_nothing()
        .returning(AlternativeRow.exchange_id)
    ).one_or_none()
    if added is None:
        return False
    connection.execute(
        insert(AlternativeTextRow).values(id=exchange_id, answer=message).on_conflict_do_nothing()
    )
    return True


def month_bounds(month: dt.date) -> tuple[uuid.UUID, uuid.UUID]:
    """Ids between which every exchange of a month lies: [first, last)."""
    first = month.replace(day=1)
    following = (first + dt.timedelta(days=32)).replace(day=1)
    return first_id(_midnight(first)), first_id(_midnight(following))


def first_id(moment: dt.datetime) -> uuid.UUID:
    """The lowest id of an exchange that arrived at this moment: its milliseconds lead the id."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
