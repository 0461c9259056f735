"""Partitions are made where they are missing, and dropped when their month is over."""

import datetime as dt

import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.store.traffic.retention import add_partitions, drop_leftovers, drop_partitions

TODAY = dt.date(2031, 1, 31)


def partitions(connection: Connection) -> list[str]:
    """Those of requests and answers, but for the rest."""
    return list(
        connection.execute(
            text(
                "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
                " join pg_class p on p.oid = i.inhparent where p.relname = 'exchange_texts'"
                " and c.relname not like '%rest' and c.relname like '%y203%' order by 1"
            )
        ).scalars()
    )


def put_text(connection: Connection, day: dt.datetime) -> None:
    connection.execute(
        text("insert into exchange_texts (id, request, answer) values (:id, '{}', '{}')"),
        {"id": new_exchange_id(day.timestamp())},
    )


def texts(connection: Connection) -> int:
    return int(connection.execute(text("select count(*) from exchange_texts")).scalar_one())


def test_months_of_every_length_follow_each_other(connection: Connection) -> None:
    made = add_partitions(connection, TODAY, months_ahead=13)
    assert len(made) == 28  # 14 months, two tables each
    assert partitions(connection)[:2] == ["exchange_texts_y2031m01", "exchange_texts_y2031m02"]
    assert partitions(connection)[-1] == "exchange_texts_y2032m02"
    assert add_partitions(connection, TODAY, months_ahead=13) == []


def test_a_month_whose_rows_are_in_the_rest_is_not_cut(connection: Connection) -> None:
    put_text(connection, dt.datetime(2031, 2, 10, tzinfo=dt.UTC))
    made = add_partitions(connection, TODAY)
    assert "exchange_texts_y2031m02" not in made
    assert "alternative_texts_y2031m02" in made
    assert texts(connection) == 1


def test_a_month_goes_when_its_last_day_is_older_than_the_oldest(connection: Connection) -> None:
    add_partitions(connection, TODAY)
    put_text(connection, dt.datetime(2031, 1, 31, 23, 59, tzinfo=dt.UTC))
    assert drop_partitions(connection, dt.date(2031, 1, 31)) == []
    assert texts(connection) == 1
    dropped = drop_partitions(connection, dt.date(2031, 2, 1))
    assert sorted(dropped) == ["alternative_texts_y2031m01", "exchange_texts_y2031m01"]
    assert texts(connection) == 0
    assert partitions(connection) == ["exchange_texts_y2031m02", "exchange_texts_y2031m03"]


def test_rows_in_the_rest_go_by_whole_months(connection: Connection) -> None:
    for month in (1, 2):
        put_text(connection, dt.datetime(2029, month, 20, tzinfo=dt.UTC))
    drop_partitions(connection, dt.date(2029, 2, 25))
    assert texts(connection) == 1
    drop_partitions(connection, dt.date(2029, 3, 1))
    assert texts(connection) == 0


def test_only_work_that_ended_long_ago_leaves_no_claim(connection: Connection) -> None:
    # Hours since it ended: two days, one hour, not yet.
    for number, hours in ((1, 48), (2, 1), (3, None)):
        exchange_id = put.add_exchange(connection, number)
        connection.execute(
            text(
                "update exchanges set ended_at = now() - make_interval(hours => :hours)"
                " where id = :id"
            ),
            {"id": exchange_id, "hours": hours},
        )
        connection.execute(
            text(
                "insert into claims (exchange_id, step, token, tries, until)"
                " values (:id, 'judge', gen_random_uuid(), :tries, now())"
            ),
            {"id": exchange_id, "tries": number},
        )
    for days in (1, 3):
        connection.execute(
            text(
                "insert into rollup_flushes (id, created_at)"
                " values (gen_random_uuid(), now() - make_interval(days => :days))"
            ),
            {"days": days},
        )
    drop_leftovers(connection)
    left = connection.execute(text("select tries from claims order by 1")).scalars().all()
    assert left == [2, 3]
    assert connection.execute(text("select count(*) from rollup_flushes")).scalar_one() == 1
