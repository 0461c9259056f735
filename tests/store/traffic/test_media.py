"""Sealed media come with their exchange and leave in time; keys of marks are dropped."""

import datetime as dt
import uuid

import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.store.traffic.media import (
    MediaColumns,
    MediaLine,
    add_mark_keys,
    add_media,
    delete_media,
    drop_mark_key,
    mark_key,
    media_lines,
    media_of,
    one_of_media,
)
from tierwatch.store.traffic.retention import delete_leftovers

EXCHANGE = uuid.UUID(int=5)


def item(name: str = "abcdefgh", exchange_id: uuid.UUID = EXCHANGE) -> MediaColumns:
    return {
        "exchange_id": exchange_id,
        "name": name,
        "mark": f"[IMAGE {name} 5 bytes]",
        "media_type": "image/png",
        "size": 5,
        "sealed": b"\x00sealed",
    }


def test_media_are_added_once_and_read_by_exchange(connection: Connection) -> None:
    add_media(connection, [])
    add_media(connection, [item(), item("zzzzzzzz"), item(exchange_id=uuid.UUID(int=6))])
    add_media(connection, [item() | {"sealed": b"another"}])
    assert media_lines(connection, EXCHANGE) == [
        MediaLine(name, f"[IMAGE {name} 5 bytes]", "image/png", 5)
        for name in ("abcdefgh", "zzzzzzzz")
    ]
    assert min(media_of(connection, EXCHANGE), key=lambda one: one["name"]) == item()
    assert one_of_media(connection, EXCHANGE, "zzzzzzzz") == item("zzzzzzzz")
    assert one_of_media(connection, EXCHANGE, "other") is None
    assert media_of(connection, uuid.UUID(int=7)) == []


def test_old_media_are_deleted_some_at_a_time(connection: Connection) -> None:
    today = dt.date(2026, 11, 30)
    for days in (1, 6, 8, 30):
        at = dt.datetime(2026, 11, 30, tzinfo=dt.UTC) - dt.timedelta(days=days)
        add_media(connection, [item(exchange_id=new_exchange_id(at.timestamp()))])
    assert not delete_media(connection, today - dt.timedelta(days=7))
    assert connection.execute(text("select count(*) from exchange_media")).scalar_one() == 2


def test_a_key_is_kept_until_it_is_dropped(connection: Connection) -> None:
    add_mark_keys(connection, [])
    add_mark_keys(connection, [(EXCHANGE, b"key")])
    add_mark_keys(connection, [(EXCHANGE, b"another")])
    assert mark_key(connection, EXCHANGE) == b"key"
    drop_mark_key(connection, EXCHANGE)
    assert mark_key(connection, EXCHANGE) is None


def test_a_key_that_nobody_needs_any_more_goes_by_itself(connection: Connection) -> None:
    waiting, ended = put.add_exchange(connection, 1), put.add_exchange(connection, 2)
    connection.execute(text("update exchanges set ended_at = now() where id = :id"), {"id": ended})
    add_mark_keys(connection, [(waiting, b"1"), (ended, b"2"), (EXCHANGE, b"3")])
    assert delete_leftovers(connection, "mark_keys", dt.date(2020, 1, 1)) == 2
    assert mark_key(connection, waiting) == b"1"
