"""Exchanges whose session goes on, and whether their question came again."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.exchanges import ExchangeTextRow
from tierwatch.store.schema.signals import FollowUpRow
from tierwatch.store.traffic.exchanges import first_id
from tierwatch.store.traffic.stored_request import STORED_REQUEST, stored_request


class Followed(NamedTuple):
    """An exchange, and the next one that was sampled of its session; None where there is none."""

    exchange_id: uuid.UUID
    next_id: uuid.UUID | None


def unread_exchanges(
    connection: Connection, *, before: dt.datetime, within: dt.timedelta, limit: int
) -> list[Followed]:
    """The next exchanges in order of arrival, each with what followed in its session.

    Args:
        connection: any.
        before: only those that arrived before, so that what followed has been captured.
        within: how soon after it an exchange counts as following.
        limit: of exchanges; of those that may follow twenty times as many are read.
    """
    after = connection.execute(
        select(FollowUpRow.exchange_id).order_by(FollowUpRow.exchange_id.desc()).limit(1)
    ).scalar()
    rows = connection.execute(
        text(
            """
            with unread as materialized (
                select id, session, arrived_at from exchanges
                where id < :before and (cast(:after as uuid) is null or id > :after)
                  and direction <> 'top'
                order by id limit :limit
            ),
            nearby as materialized (
                select id, session, arrived_at from exchanges
                where id > (select id from unread order by id limit 1)
                  and id < :until and direction <> 'top'
                order by id limit :many
            )
            select u.id, (
                select n.id from nearby n
                where n.session = u.session and n.session <> '' and n.id > u.id
                  and n.arrived_at <= u.arrived_at + :within
                order by n.id limit 1
            ) as next_id
            from unread u order by u.id
            """
        ),
        {
            "before": first_id(before),
            "until": first_id(before + within),
            "after": after,
            "within": within,
            "limit": limit,
            "many": 20 * limit,
        },
    )
    return [Followed(row.id, row.next_id) for row in rows]


def question_asked(connection: Connection, exchange_id: uuid.UUID) -> dict[str, object] | None:
    """What an exchange asked, in OpenAI's form; None once retention took the text."""
    row = connection.execute(
        select(*STORED_REQUEST).where(ExchangeTextRow.id == exchange_id)
    ).one_or_none()
    found = None if row is None else stored_request(*row)
    return None if found is None else found.in_library_form


def add_follow_ups(connection: Connection, found: Mapping[uuid.UUID, bool | None]) -> None:
    """Keep what was found; an exchange that was read before keeps what it has."""
    if not found:
        return
    rows = [{"exchange_id": one, "asked_again": said} for one, said in found.items()]
    connection.execute(insert(FollowUpRow).values(rows).on_conflict_do_nothing())
