"""Verdicts and failures are counted the same whichever hours were added up, and what came late."""

import datetime as dt
from dataclasses import astuple
from pathlib import Path

import factories.rows as put
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

import tierwatch_migrations
from tierwatch.store.migration import migrate
from tierwatch.store.sums.hour_details import failure_sums, verdict_sums
from tierwatch.store.sums.hours import fold_hours

LATER = put.NOW + dt.timedelta(hours=100)
HOUR_S = 3_600


def put_work(connection: Connection, hours: int = 3) -> None:
    """Of each hour: a verdict of two judges on every basis, one unscored, three failures."""
    for hour in range(hours):
        second = hour * HOUR_S
        put.add_pair(connection, second + 1, "tie")
        put.add_pair(connection, second + 2, None)
        for number, basis in enumerate(("identical", "swap_disagreement")):
            pair = put.add_exchange(connection, second + 3 + number)
            for judge in ("one", "two"):
                put.add_verdict(connection, pair, "tie", basis=basis, judge_version=judge)
        for number, reason in enumerate(("timeout", "timeout", "refused")):
            put.add_failure(connection, put.add_exchange(connection, second + 9 + number), reason)


def found(connection: Connection) -> tuple[list[tuple[object, ...]], dict[str, int]]:
    sums = [astuple(one)[:7] for one in verdict_sums(connection)]
    return sums, failure_sums(connection, most=10)


def details(connection: Connection) -> tuple[int, int]:
    rows = connection.execute(
        text("select (select count(*) from hour_verdicts), (select count(*) from hour_failures)")
    ).one()
    return rows[0], rows[1]


def test_before_anything_there_is_nothing(connection: Connection) -> None:
    assert found(connection) == ([], {})


@pytest.mark.parametrize("before_h", [0, 1, 2, 100])
def test_figures_are_the_same_whatever_is_added_up(connection: Connection, before_h: int) -> None:
    put_work(connection)
    sums, failures = found(connection)
    assert failures == {"shadow: timeout": 6, "shadow: refused": 3}
    assert [one[:4] for one in sums if one[0] == "one"] == [
        ("one", "identical", 3, 3), ("one", "swap_disagreement", 3, 3),
    ]  # fmt: skip
    fold_hours(connection, put.NOW + dt.timedelta(hours=before_h))
    assert (details(connection) == (0, 0)) == (before_h == 0)
    assert found(connection) == (sums, failures)


def test_the_sums_of_money_and_time_and_the_newest_moment_stay(connection: Connection) -> None:
    put_work(connection)
    before = verdict_sums(connection)
    fold_hours(connection, LATER)
    for kept, read in zip(verdict_sums(connection), before, strict=True):
        assert (kept.cost_usd, kept.latency_ms) == pytest.approx((read.cost_usd, read.latency_ms))
        assert kept.newest_at == read.newest_at


def test_what_comes_late_counts_at_once_and_once(connection: Connection) -> None:
    put_work(connection)
    fold_hours(connection, LATER)
    put.add_failure(connection, put.add_exchange(connection, 20), "timeout")
    put.add_pair(connection, 21, "tie")
    late = found(connection)
    assert late[1]["shadow: timeout"] == 7
    assert fold_hours(connection, LATER) == 1
    assert found(connection) == late


def test_twins_fail_for_nobody(connection: Connection) -> None:
    pair = put.add_pair(connection, 1, "tie")
    put.add_failure(connection, put.add_twin(connection, pair), "refused")
    assert failure_sums(connection, most=10) == {}
    fold_hours(connection, LATER)
    assert failure_sums(connection, most=10) == {}


def test_reasons_of_any_length_and_only_the_commonest(connection: Connection) -> None:
    for number in range(4):
        put.add_failure(
            connection, put.add_exchange(connection, number), "\u2603" * 1_999 + str(number % 3)
        )
    fold_hours(connection, LATER)
    assert list(failure_sums(connection, most=2).values()) == [2, 1]


def test_details_go_with_their_hour(connection: Connection) -> None:
    put_work(connection)
    fold_hours(connection, LATER)
    connection.execute(text("delete from hour_sums"))
    assert details(connection) == (0, 0)


def test_hours_of_before_get_their_details(engine: Engine) -> None:
    with engine.begin() as connection:
        put_work(connection, 30)
        fold_hours(connection, LATER)
        expected, kept = found(connection), details(connection)
    config = Config()
    config.set_main_option("script_location", str(Path(tierwatch_migrations.__file__).parent))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0034")
        connection.commit()
    migrate(engine)
    with engine.connect() as connection:
        assert details(connection) == kept
        assert found(connection) == expected
