"""Months of figures are cut ahead, without a gap, and dropped whole."""

import datetime as dt

import factories.rows as put
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.store.traffic.partitions import (
    FIGURE_TABLES,
    Part,
    add_months,
    covered_until,
    drop_months,
    following,
    month_name,
    parts,
)

TODAY = dt.date(2031, 1, 31)


def exchange_on(connection: Connection, year: int, month: int, day: int) -> str:
    """Put an exchange of a day; the part that it is in."""
    exchange_id = new_exchange_id(dt.datetime(year, month, day, 12, tzinfo=dt.UTC).timestamp())
    put.add_exchange(connection, 1, id=exchange_id)
    found = connection.execute(
        text("select tableoid::regclass::text from exchanges where id = :id"), {"id": exchange_id}
    )
    return str(found.scalar_one())


@pytest.mark.parametrize(
    ("day", "month"),
    [((2031, 1, 31), (2031, 2)), ((2031, 12, 1), (2032, 1)), ((2032, 2, 29), (2032, 3))],
)
def test_a_month_is_followed_by_the_next(day: tuple[int, int, int], month: tuple[int, int]) -> None:
    assert following(dt.date(*day)) == dt.date(*month, 1)


def test_a_month_s_name_sorts_as_it_follows() -> None:
    assert month_name(dt.date(2031, 2, 1)) == "y2031m02"
    assert month_name(dt.date(2031, 9, 1)) < month_name(dt.date(2031, 10, 1))


def test_a_table_that_is_not_cut_has_no_parts(connection: Connection) -> None:
    assert parts(connection, "claims") == parts(connection, "no_such_table") == []


def test_a_fresh_schema_takes_everything_that_is_past_and_two_months_more(
    connection: Connection,
) -> None:
    for table in FIGURE_TABLES:
        first, *months = parts(connection, table)
        assert first == Part(f"{table}_until_{month_name(first.end)}", first.end, first=True)
        assert [part.first for part in months] == [False, False]
        assert first.end > dt.datetime.now(dt.UTC).date()


def test_months_of_figures_are_added_without_a_gap_however_long_nobody_did(
    connection: Connection,
) -> None:
    for table in FIGURE_TABLES:
        add_months(connection, table, TODAY)
        ends = [part.end for part in parts(connection, table)]
        assert ends[-1] == dt.date(2031, 4, 1)  # March, the second month after January
        months = {end.year * 12 + end.month for end in ends}
        assert len(ends) == len(months) == max(months) - min(months) + 1
        assert add_months(connection, table, TODAY) == []
    assert set(covered_until(connection).values()) == {dt.date(2031, 4, 1)}


def test_a_row_goes_to_its_month_with_the_table_s_own_keys_and_checks(
    connection: Connection,
) -> None:
    add_months(connection, "exchanges", TODAY)
    assert exchange_on(connection, 2031, 3, 31) == "exchanges_y2031m03"
    with pytest.raises(IntegrityError, match="ck_exchanges_pi"), connection.begin_nested():
        put.add_exchange(
            connection,
            1,
            id=new_exchange_id(dt.datetime(2031, 3, 1, tzinfo=dt.UTC).timestamp()),
            pi=2.0,
        )
    count = text("select count(*) from pg_indexes where tablename = :name")
    whole, part = (
        connection.execute(count, {"name": name}).scalar_one()
        for name in ("exchanges", "exchanges_y2031m03")
    )
    assert part == whole > 3


def test_a_row_beyond_every_month_is_refused_and_one_before_is_not(connection: Connection) -> None:
    assert exchange_on(connection, 1999, 1, 1).startswith("exchanges_until_")
    with pytest.raises(IntegrityError, match="no partition of relation"):
        exchange_on(connection, 2090, 1, 1)


def test_an_empty_part_takes_the_place_of_dropped_ones(connection: Connection) -> None:
    add_months(connection, "exchanges", TODAY)
    before = parts(connection, "exchanges")
    exchange_on(connection, 2030, 11, 3)
    assert drop_months(connection, "exchanges", dt.date(1999, 1, 1)) == []
    gone = drop_months(connection, "exchanges", dt.date(2030, 12, 1))
    assert gone == [part.name for part in before if part.end <= dt.date(2030, 12, 1)]
    first, *rest = parts(connection, "exchanges")
    assert first == Part("exchanges_until_y2030m12", dt.date(2030, 12, 1), first=True)
    assert rest == [part for part in before if part.end > dt.date(2030, 12, 1)]
    assert exchange_on(connection, 2030, 11, 3) == "exchanges_until_y2030m12"
