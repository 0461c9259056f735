"""Partitions are made where they are missing, and dropped when their month is over."""

import datetime as dt
import time
import uuid

import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.store.traffic.exchanges import first_id
from tierwatch.store.traffic.partitions import FIGURE_TABLES, add_months
from tierwatch.store.traffic.retention import (
    LEFTOVERS,
    add_partitions,
    delete_leftovers,
    drop_figures,
    drop_partitions,
    figures_begin,
    figures_end,
    fold_rollups,
)

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
    assert delete_leftovers(connection, "claims", TODAY) == 1
    assert delete_leftovers(connection, "rollup_flushes", TODAY) == 1
    left = connection.execute(text("select tries from claims order by 1")).scalars().all()
    assert left == [2, 3]
    assert connection.execute(text("select count(*) from rollup_flushes")).scalar_one() == 1


NEW_YEAR = dt.date(2031, 1, 1)


def day_of(year: int, month: int, day: int) -> dt.datetime:
    return dt.datetime(year, month, day, 12, tzinfo=dt.UTC)


def exchange_at(connection: Connection, moment: dt.datetime) -> uuid.UUID:
    """A judged exchange of a moment, with everything that hangs on it."""
    exchange_id = new_exchange_id(moment.timestamp())
    put.add_exchange(connection, 1, id=exchange_id, arrived_at=moment)
    put.add_shadow(connection, exchange_id)
    put.add_verdict(connection, exchange_id)
    put.add_outcome(connection, 1, 1.0, exchange_id=exchange_id)
    put.add_failure(connection, exchange_id)
    put.add_rollup(connection, "simple", 1, minute=moment)
    for statement in (
        (
            "insert into attempts (exchange_id, step, model, error, detail, latency_ms)"
            " values (:id, 'shadow', 'm', '', '', 1)"
        ),
        (
            "insert into labels (exchange_id, reviewer, preferred, shown_first, note)"
            " values (:id, 'ada', 'tie', 'served', '')"
        ),
        (
            "insert into direct_pairs (exchange_id, tier, twin_id, share, pi)"
            " values (:id, 'complex', gen_random_uuid(), 1, 1)"
        ),
    ):
        connection.execute(text(statement), {"id": exchange_id})
    return exchange_id


def count(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())  # noqa: S608 - names of tables


def test_figures_go_by_whole_months_with_all_that_counts_them(connection: Connection) -> None:
    for table in FIGURE_TABLES:
        add_months(connection, table, TODAY)
    exchange_at(connection, day_of(2030, 11, 30))
    exchange_at(connection, day_of(2030, 12, 31))
    exchange_at(connection, day_of(2031, 1, 1))
    assert figures_end(connection, dt.date(2030, 12, 31)) == dt.date(2030, 12, 1)
    assert figures_end(connection, NEW_YEAR) == NEW_YEAR
    dropped = drop_figures(connection, NEW_YEAR)
    assert {"exchanges_y2030m12", "verdicts_y2030m12", "outcomes_y2030m12"} <= set(dropped)
    for table in (*FIGURE_TABLES, "failures", "rollups"):
        assert count(connection, table) == 1, table
    # Rates of all time are of the time that is counted.
    sums = connection.execute(text("select distinct start from outcome_sums")).scalars().all()
    assert {start.date() for start in sums} == {NEW_YEAR}
    # Not again each hour, though the part in their place has an end as old.
    assert figures_end(connection, NEW_YEAR) is None
    # What comes late finds a place, and goes.
    exchange_at(connection, day_of(2030, 5, 5))
    assert figures_end(connection, NEW_YEAR) == NEW_YEAR
    drop_figures(connection, NEW_YEAR)
    assert count(connection, "exchanges") == 1


def test_what_hangs_on_an_exchange_goes_after_it_and_not_before(connection: Connection) -> None:
    for table in FIGURE_TABLES:
        add_months(connection, table, TODAY)
    exchange_at(connection, day_of(2030, 12, 31))
    kept = exchange_at(connection, day_of(2031, 1, 1))
    hanging = ("alternatives", "attempts", "labels", "direct_pairs")
    for table in hanging:  # its exchange is still there
        assert delete_leftovers(connection, table, NEW_YEAR) == 0
    drop_figures(connection, NEW_YEAR)
    assert figures_begin(connection, NEW_YEAR) == NEW_YEAR
    for table in hanging:
        assert delete_leftovers(connection, table, NEW_YEAR) == 1
        left = connection.execute(text(f"select exchange_id from {table}")).scalars().all()  # noqa: S608 - names of tables
        assert left == [kept], table


def test_nothing_of_an_empty_store_is_left_over(connection: Connection) -> None:
    assert {delete_leftovers(connection, table, TODAY) for table in LEFTOVERS} == {0}
    assert figures_begin(connection, dt.date(1999, 1, 1)) == dt.date(1970, 1, 1)


def test_old_minutes_are_added_up_by_hour_and_no_sum_changes(connection: Connection) -> None:
    hour = dt.datetime(2031, 1, 1, 10, tzinfo=dt.UTC)
    for minute in (0, 1, 59, 60, 61):
        for tier in ("simple", "standard"):
            put.add_rollup(connection, tier, minute + 1, minute=hour + dt.timedelta(minutes=minute))
    put.add_rollup(connection, "simple", 5, minute=hour, task_type="sql")
    sums = text(
        "select sum(requests), sum(finished), sum(cost_usd), sum(latency_ms), count(*) from rollups"
    )
    *before, rows = connection.execute(sums).one()
    later = hour + dt.timedelta(hours=2)
    assert not fold_rollups(connection, hour)  # not old enough
    assert fold_rollups(connection, later)
    assert fold_rollups(connection, later)
    assert not fold_rollups(connection, later)
    *after, folded = connection.execute(sums).one()
    assert (rows, folded) == (11, 5)
    assert after == before
    # A minute that is written down late is added up the next time.
    put.add_rollup(connection, "simple", 7, minute=hour + dt.timedelta(minutes=30))
    assert fold_rollups(connection, later)
    assert connection.execute(sums).one()[0] == before[0] + 7


def evalset_run(connection: Connection, day: dt.date) -> int:
    return int(
        connection.execute(
            text(
                "insert into evalset_runs (kind, subject, model, set_version, why, until, ended_at)"
                " values ('anchors', 'judge', 'm', 'v', '', :day, :day) returning id"
            ),
            {"day": day},
        ).scalar_one()
    )


def test_old_passes_go_but_for_the_first_that_later_ones_are_compared_with(
    connection: Connection,
) -> None:
    days = [dt.date(2029, 1, 1) + dt.timedelta(days=30 * number) for number in range(6)]
    runs = [evalset_run(connection, day) for day in days]
    for run in runs:
        connection.execute(
            text(
                "insert into anchor_verdicts (run_id, anchor_id, truth, longer, cost_usd)"
                " values (:run, 'a', 'a', 'a', 0)"
            ),
            {"run": run},
        )
    put.add_alert(connection, state="resolved", resolved_at=days[3] - dt.timedelta(days=1))
    assert delete_leftovers(connection, "evalset_runs", days[5]) == 3
    left = connection.execute(text("select id from evalset_runs order by id")).scalars().all()
    assert left == [runs[0], runs[3], runs[5]]
    assert delete_leftovers(connection, "anchor_verdicts", days[5]) == 3


def test_the_lowest_id_of_a_month_is_of_its_first_millisecond() -> None:
    assert first_id(day_of(2031, 1, 1)).int >> 80 == day_of(2031, 1, 1).timestamp() * 1000


def test_hours_of_task_types_go_after_five_weeks_and_all_else_stays(
    connection: Connection,
) -> None:
    put.add_outcome(connection, 1, 1.0, exchange_id=new_exchange_id(time.time()))
    old = dt.datetime.now(dt.UTC) - dt.timedelta(days=36)
    put.add_outcome(connection, 2, 1.0, exchange_id=new_exchange_id(old.timestamp()))
    assert delete_leftovers(connection, "outcome_sums", TODAY) == 1
    assert delete_leftovers(connection, "outcome_sums", TODAY) == 0
    left = connection.execute(
        text("select span, task_type, count(*) from outcome_sums group by 1, 2 order by 1, 2")
    ).all()
    assert [tuple(row) for row in left] == [
        ("day", "*", 2), ("day", "all", 2), ("hour", "*", 2), ("hour", "all", 1),
    ]  # fmt: skip
