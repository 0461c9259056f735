"""Media of sampled exchanges, sealed, and the keys of marks that are still needed."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from sqlalchemy import Connection, delete, select, text
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.exchanges import ExchangeMediaRow, MarkKeyRow
from tierwatch.store.traffic.exchanges import first_id

# Rows of up to 14 MB that a statement deletes.
_BATCH = 50


class MediaColumns(TypedDict):
    """A piece of media to add; `schema.exchanges.ExchangeMediaRow` explains it."""

    exchange_id: uuid.UUID
    name: str
    mark: str
    media_type: str
    size: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class MediaLine:
    """A piece of media, as a page names it."""

    name: str
    mark: str
    media_type: str
    size: int


def add_media(connection: Connection, rows: Sequence[MediaColumns]) -> None:
    """Add media; what is there already changes nothing."""
    if rows:
        connection.execute(
            insert(ExchangeMediaRow).on_conflict_do_nothing(), [dict(row) for row in rows]
        )


def media_of(
    connection: Connection, exchange_id: uuid.UUID, name: str | None = None
) -> list[MediaColumns]:
    """All media of an exchange, or those of this name; none once retention took them."""
    wanted = select(*ExchangeMediaRow.__table__.columns).where(
        ExchangeMediaRow.exchange_id == exchange_id
    )
    if name is not None:
        wanted = wanted.where(ExchangeMediaRow.name == name)
    return [
        MediaColumns(
            exchange_id=row["exchange_id"],
            name=row["name"],
            mark=row["mark"],
            media_type=row["media_type"],
            size=row["size"],
            sealed=row["sealed"],
        )
        for row in connection.execute(wanted).mappings()
    ]


def media_lines(connection: Connection, exchange_id: uuid.UUID) -> list[MediaLine]:
    """What media an exchange has, without what they are."""
    found = connection.execute(
        select(
            ExchangeMediaRow.name,
            ExchangeMediaRow.mark,
            ExchangeMediaRow.media_type,
            ExchangeMediaRow.size,
        )
        .where(ExchangeMediaRow.exchange_id == exchange_id)
        .order_by(ExchangeMediaRow.name)
    )
    return [MediaLine(*row) for row in found]


def one_of_media(connection: Connection, exchange_id: uuid.UUID, name: str) -> MediaColumns | None:
    """One piece of media by its name, or None."""
    return next(iter(media_of(connection, exchange_id, name)), None)


def delete_media(connection: Connection, before: dt.date) -> bool:
    """Delete some media of exchanges that arrived before a day; whether more may be left."""
    first = first_id(dt.datetime.combine(before, dt.time(), tzinfo=dt.UTC))
    deleted = connection.execute(
        text(
            "delete from exchange_media where ctid = any(array(select ctid from exchange_media"
            " where exchange_id < :first limit :most))"
        ),
        {"first": first, "most": _BATCH},
    )
    return deleted.rowcount == _BATCH


def add_mark_keys(connection: Connection, keys: Sequence[tuple[uuid.UUID, bytes]]) -> None:
    """Keep the keys of exchanges' marks until their other answers are redacted."""
    if keys:
        connection.execute(
            insert(MarkKeyRow).on_conflict_do_nothing(),
            [{"exchange_id": exchange_id, "key": key} for exchange_id, key in keys],
        )


def mark_key(connection: Connection, exchange_id: uuid.UUID) -> bytes | None:
    """The key of an exchange's marks; None once it was dropped, and of older exchanges."""
    return connection.execute(
        select(MarkKeyRow.key).where(MarkKeyRow.exchange_id == exchange_id)
    ).scalar_one_or_none()


def drop_mark_key(connection: Connection, exchange_id: uuid.UUID) -> None:
    """Forget the key of an exchange's marks: nothing more of it is redacted."""
    connection.execute(delete(MarkKeyRow).where(MarkKeyRow.exchange_id == exchange_id))
