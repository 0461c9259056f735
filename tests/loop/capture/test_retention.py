"""Months of text are cut ahead and dropped in time; figures stay."""

import datetime as dt
import uuid

import factories.rows as put
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.loop.capture.retention import retention
from tierwatch.store.sums.served import served
from tierwatch.store.traffic.exchanges import month_bounds

TODAY = dt.date(2031, 11, 23)
PARTITIONS = (
    "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
    " join pg_class p on p.oid = i.inhparent where p.relname = 'exchange_texts' order by 1"
)


def partition_of(engine: Engine, exchange_id: uuid.UUID) -> str | None:
    query = "select tableoid::regclass::text from exchange_texts where id = :id"
    return scalar(engine, query, id=exchange_id)


def exchange_of(engine: Engine, day: dt.datetime) -> uuid.UUID:
    with engine.begin() as connection:
        exchange_id = new_exchange_id(day.timestamp())
        put.add_exchange(connection, 1, id=put.exchange_id_of(1))
        connection.execute(
            text("insert into exchange_texts (id, request, answer) values (:id, '{}', '{}')"),
            {"id": exchange_id},
        )
    return exchange_id


def test_this_month_and_the_next_two_are_cut_once(engine: Engine) -> None:
    made, dropped = retention(engine=engine, keep_days=90, keep_figures_days=10_000, today=TODAY)
    figures = {"exchanges_y2032m01", "verdicts_y2032m01", "outcomes_y2032m01"}
    assert figures <= set(made)  # and every month since the schema was made
    assert [name for name in made if "_texts_" in name] == [
        f"{table}_{month}"
        for month in ("y2031m11", "y2031m12", "y2032m01")
        for table in ("exchange_texts", "alternative_texts")
    ]
    assert dropped == []
    assert retention(engine=engine, keep_days=90, keep_figures_days=10_000, today=TODAY) == ([], [])


def test_text_goes_to_its_month_by_the_time_in_its_id(engine: Engine) -> None:
    retention(engine=engine, keep_days=90, keep_figures_days=10_000, today=TODAY)
    for day, name in (
        (dt.datetime(2031, 11, 1, tzinfo=dt.UTC), "exchange_texts_y2031m11"),
        (dt.datetime(2031, 11, 30, 23, 59, 59, tzinfo=dt.UTC), "exchange_texts_y2031m11"),
        (dt.datetime(2031, 12, 1, tzinfo=dt.UTC), "exchange_texts_y2031m12"),
        (dt.datetime(2029, 1, 1, tzinfo=dt.UTC), "exchange_texts_rest"),
    ):
        assert partition_of(engine, exchange_of(engine, day)) == name


def test_a_month_is_dropped_once_its_last_day_is_too_old_and_figures_stay(engine: Engine) -> None:
    retention(engine=engine, keep_days=90, keep_figures_days=10_000, today=TODAY)
    november = exchange_of(engine, dt.datetime(2031, 11, 23, tzinfo=dt.UTC))
    with engine.begin() as connection:
        put.add_outcome(connection, 1, 1.0)
    # 90 days before 2032-02-28 is 2031-11-30: the month has a day left.
    _, dropped = retention(
        engine=engine, keep_days=90, keep_figures_days=10_000, today=dt.date(2032, 2, 28)
    )
    assert dropped == []
    assert partition_of(engine, november) is not None
    _, dropped = retention(
        engine=engine, keep_days=90, keep_figures_days=10_000, today=dt.date(2032, 2, 29)
    )
    assert sorted(dropped) == ["alternative_texts_y2031m11", "exchange_texts_y2031m11"]
    assert partition_of(engine, november) is None
    assert scalar(engine, "select count(*) from exchanges") == 1
    assert scalar(engine, "select count(*) from outcomes") == 1


def test_text_outside_every_month_ages_out_too(engine: Engine) -> None:
    old = exchange_of(engine, dt.datetime(2029, 1, 1, tzinfo=dt.UTC))
    young = exchange_of(engine, dt.datetime(2031, 9, 1, tzinfo=dt.UTC))
    retention(engine=engine, keep_days=90, keep_figures_days=10_000, today=TODAY)
    assert partition_of(engine, old) is None
    assert partition_of(engine, young) == "exchange_texts_rest"


def test_a_month_that_has_rows_in_the_rest_is_not_cut(engine: Engine) -> None:
    stray = exchange_of(engine, dt.datetime(2031, 12, 24, tzinfo=dt.UTC))
    made, _ = retention(engine=engine, keep_days=90, keep_figures_days=10_000, today=TODAY)
    assert "exchange_texts_y2031m12" not in made
    assert "alternative_texts_y2031m12" in made
    assert partition_of(engine, stray) == "exchange_texts_rest"


def test_leftovers_of_ended_work_are_removed(engine: Engine) -> None:
    with engine.begin() as connection:
        for number, ended in enumerate(("now() - interval '2 days'", "now()", "null"), 1):
            exchange_id = put.add_exchange(connection, number)
            connection.execute(
                text(f"update exchanges set ended_at = {ended} where id = :id"),  # noqa: S608 - three constants
                {"id": exchange_id},
            )
            connection.execute(
                text("insert into claims values (:id, 'shadow', gen_random_uuid(), :n, now())"),
                {"id": exchange_id, "n": number},
            )
        for age in ("3 days", "1 hour"):
            connection.execute(
                text(
                    "insert into rollup_flushes values"
                    " (gen_random_uuid(), now() - cast(:age as interval))"
                ),
                {"age": age},
            )
    retention(engine=engine, keep_days=90, keep_figures_days=10_000, today=TODAY)
    assert [row.tries for row in rows(engine, "select tries from claims order by 1")] == [2, 3]
    assert scalar(engine, "select count(*) from rollup_flushes") == 1


def test_month_bounds_meet_across_the_turn_of_the_year() -> None:
    december, january = month_bounds(dt.date(2031, 12, 31)), month_bounds(dt.date(2032, 1, 1))
    assert december[0] < december[1] == january[0] < january[1]


def test_figures_go_when_their_time_is_over(engine: Engine) -> None:
    retention(engine=engine, keep_days=90, keep_figures_days=400, today=TODAY)
    with engine.begin() as connection:
        put.add_pair(connection, 1)
        put.add_outcome(connection, 1, 1.0)
    _, dropped = retention(engine=engine, keep_days=90, keep_figures_days=400, today=TODAY)
    assert any(name.startswith("exchanges_until_") for name in dropped)
    for table in ("exchanges", "verdicts", "outcomes", "alternatives"):
        assert scalar(engine, f"select count(*) from {table}") == 0  # noqa: S608 - names of tables
    made, dropped = retention(engine=engine, keep_days=90, keep_figures_days=400, today=TODAY)
    assert (made, dropped) == ([], [])


def test_a_number_of_days_that_means_always_drops_nothing(engine: Engine) -> None:
    """Numbers of days before any calendar: the configuration takes them."""
    retention(engine=engine, keep_days=90, keep_figures_days=10_000, today=TODAY)
    exchange_of(engine, dt.datetime(2029, 1, 1, tzinfo=dt.UTC))
    always = 1_000_000_000
    for days in (always, 1_000_000, 25_000):
        assert retention(
            engine=engine,
            keep_days=days,
            keep_figures_days=days,
            keep_media_days=days,
            today=TODAY,
        ) == ([], [])
    assert scalar(engine, "select count(*) from exchange_texts") == 2


def test_hours_that_are_over_are_added_up(engine: Engine) -> None:
    with engine.begin() as connection:
        for hour in range(30):
            put.add_rollup(connection, "simple", 1, minute=put.NOW + dt.timedelta(hours=hour))
        before = served(connection).tiers
    retention(engine=engine, keep_days=90, keep_figures_days=10_000, today=TODAY)
    with engine.connect() as connection:
        hours = connection.execute(text("select count(*) from hour_sums")).scalar_one()
        assert served(connection).tiers == before
    assert hours == 30
