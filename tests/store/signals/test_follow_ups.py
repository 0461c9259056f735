"""Which exchanges are read next, what followed each, and what is kept."""

import datetime as dt
import uuid

import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.store.signals.follow_ups import (
    Followed,
    add_follow_ups,
    question_asked,
    unread_exchanges,
)

WITHIN = dt.timedelta(minutes=30)
END = put.NOW + dt.timedelta(hours=1)


def unread(connection: Connection, *, limit: int = 100) -> list[Followed]:
    return unread_exchanges(connection, before=END, within=WITHIN, limit=limit)


def test_they_come_in_order_of_arrival_with_the_next_of_their_session(
    connection: Connection,
) -> None:
    ids = [
        put.add_exchange(connection, number, session=session)
        for number, session in ((1, "a"), (2, "b"), (3, "a"), (4, "a"))
    ]
    assert unread(connection) == [
        (ids[0], ids[2]), (ids[1], None), (ids[2], ids[3]), (ids[3], None),
    ]  # fmt: skip


def test_what_follows_may_itself_be_too_new_to_be_read(connection: Connection) -> None:
    old = put.add_exchange(connection, 3_500, session="a")
    new = put.add_exchange(connection, 3_700, session="a")
    assert unread(connection) == [(old, new)]


def test_the_newest_row_says_how_far_they_were_read(connection: Connection) -> None:
    ids = [put.add_exchange(connection, number) for number in range(5)]
    assert [one.exchange_id for one in unread(connection, limit=2)] == ids[:2]
    add_follow_ups(connection, {ids[0]: None, ids[1]: True})
    assert [one.exchange_id for one in unread(connection)] == ids[2:]
    add_follow_ups(connection, {})
    assert len(unread(connection)) == 3


def test_what_was_read_before_stays(connection: Connection) -> None:
    one = uuid.uuid4()
    add_follow_ups(connection, {one: True})
    add_follow_ups(connection, {one: None})
    assert connection.execute(text("select asked_again from follow_ups")).scalar_one() is True


def test_a_question_is_read_as_long_as_its_text_is_kept(connection: Connection) -> None:
    one = put.add_exchange(connection, 1, question="Who?")
    asked = question_asked(connection, one)
    assert asked is not None
    assert "Who?" in str(asked["messages"])
    assert question_asked(connection, uuid.uuid4()) is None
