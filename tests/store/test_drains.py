import datetime as dt

import pytest
from factories.rows import add_drain
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tierwatch.store.drains import (
    drains_going_on,
    drains_of_alert,
    load_drain,
    put_drain,
    put_drain_end,
)

LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def put(connection: Connection, tier: str = "simple", alert_id: int | None = None) -> int:
    return put_drain(
        connection,
        (tier, "all"),
        now=LATER.replace(year=2026),
        until=LATER,
        actor="ada",
        why="x",
        alert_id=alert_id,
    )


def test_one_goes_on_for_each_segment(connection: Connection) -> None:
    one, other = put(connection), put(connection, "standard")
    assert put(connection) == one
    assert [drain.id for drain in drains_going_on(connection, lock=True)] == [one, other]
    put_drain_end(connection, one, actor="bob", why="over")
    put_drain_end(connection, one, actor="eve", why="again")
    ended = load_drain(connection, one)
    assert ended is not None
    assert (ended.ended_by, ended.ended_why) == ("bob", "over")
    assert put(connection) != one
    assert load_drain(connection, 99) is None


def test_those_of_an_alert_newest_first(connection: Connection) -> None:
    one = put(connection, alert_id=7)
    put_drain_end(connection, one, actor="ada", why="x")
    other = put(connection, alert_id=7)
    put(connection, "standard", alert_id=8)
    assert [drain.id for drain in drains_of_alert(connection, 7)] == [other, one]


@pytest.mark.parametrize(
    ("tier", "until"), [("simple", LATER), ("standard", LATER.replace(year=2000))]
)
def test_the_table_itself_refuses_two_and_an_end_before_the_beginning(
    connection: Connection, tier: str, until: dt.datetime
) -> None:
    add_drain(connection, "simple")
    with pytest.raises(IntegrityError):
        add_drain(connection, tier, until=until)
