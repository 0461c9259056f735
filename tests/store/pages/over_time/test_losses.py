import datetime as dt

import factories.rows as put
import pytest
from factories.many_outcomes import BEGIN, drawn_outcomes, put_outcomes
from factories.rows import JUDGE, NOW, add_outcome
from sqlalchemy import Connection

from tierwatch.evaluation.rates.weighted import RateSums, rate_of_sums
from tierwatch.loop.compare.tier_rates import tier_rates
from tierwatch.store.pages.over_time.losses import losses

HOUR = dt.timedelta(hours=1)


def test_sums_by_step_type_and_tier(connection: Connection) -> None:
    add_outcome(connection, 60, 1.0, task_type="code", pi=0.5)
    add_outcome(connection, 61, 0.0, task_type="chat")
    add_outcome(connection, 3_000, 1.0, task_type="chat")
    add_outcome(connection, 62, 1.0, tier="standard")
    add_outcome(connection, 63, 1.0, direction="down")
    add_outcome(connection, 64, 1.0, judge_version="older")
    found = losses(connection, JUDGE, NOW, NOW + HOUR, steps=4)
    assert found.steps == {
        ("simple", 0): RateSums(2, 1.0, 3.0, 2.0, 5.0),  # weights 2 and 1
        ("simple", 3): RateSums(1, 1.0, 1.0, 1.0, 1.0),
        ("standard", 0): RateSums(1, 1.0, 1.0, 1.0, 1.0),
    }
    assert found.cells["simple", "code"] == RateSums(1, 1.0, 2.0, 2.0, 4.0)
    assert found.cells["simple", "chat"] == RateSums(2, 1.0, 2.0, 1.0, 2.0)
    assert found.tiers["simple"] == RateSums(3, 2.0, 4.0, 3.0, 6.0)


def test_a_conversation_counts_once_in_a_step(connection: Connection) -> None:
    for number, loss in enumerate((1.0, 0.0, 0.0, 1.0)):
        add_outcome(connection, number, loss, session="one")
    [sums] = losses(connection, JUDGE, NOW, NOW + HOUR, steps=1).steps.values()
    assert sums == RateSums(4, 2.0, 4.0, 2.0, 16.0)
    assert sums.effective == 1


def test_a_request_is_where_it_arrived_and_the_end_is_left_out(connection: Connection) -> None:
    late = NOW + dt.timedelta(days=3)
    add_outcome(connection, 0, 1.0, created_at=late)
    add_outcome(connection, 3_600, 1.0)
    found = losses(connection, JUDGE, NOW, NOW + HOUR, steps=6)
    assert set(found.steps) == {("simple", 0)}
    assert losses(connection, JUDGE, late - HOUR, late + HOUR, steps=6).steps == {}
    assert set(losses(connection, JUDGE, NOW + HOUR, late, steps=6).steps) == {("simple", 0)}


def test_all_of_the_time_is_what_the_report_says(connection: Connection) -> None:
    for number in range(40):
        add_outcome(
            connection, number * 50, float(number % 7 == 0),
            session=f"s{number // 3}", pi=(0.1, 0.5, 1.0)[number % 3],
        )  # fmt: skip
    found = losses(connection, JUDGE, NOW, NOW + HOUR, steps=7)
    said = tier_rates(connection, JUDGE).misroute("simple").judged
    sums = found.tiers["simple"]
    assert said.value == pytest.approx(rate_of_sums(sums).value)
    assert said.n == sums.pairs == sum(one.pairs for one in found.steps.values())


@pytest.mark.parametrize("hours", [96, 80])
def test_whole_hours_are_read_from_their_sums(connection: Connection, hours: int) -> None:
    """Steps of an hour and two, and those of an hour less a minute, of the outcomes themselves."""
    drawn = drawn_outcomes(5, 120)
    put_outcomes(connection, drawn)
    begin = BEGIN.replace(minute=0, second=0, microsecond=0)
    end = begin + hours * HOUR
    connection.exec_driver_sql("savepoint whole")
    of_rows = losses(connection, JUDGE, begin, end, steps=hours + 1)
    connection.exec_driver_sql("delete from outcomes")  # what is read now is not there
    of_sums = losses(connection, JUDGE, begin, end, steps=hours // 2)
    connection.exec_driver_sql("rollback to savepoint whole")
    assert losses(connection, JUDGE, begin, end, steps=hours + 1) == of_rows
    assert of_sums.tiers.keys() == of_rows.tiers.keys()
    assert of_sums.cells.keys() == of_rows.cells.keys()
    for group in ("tiers", "cells"):
        for name, sums in getattr(of_rows, group).items():
            found = getattr(of_sums, group)[name]
            assert (found.pairs, found.bad) == (sums.pairs, pytest.approx(sums.bad))
            assert (found.weight, found.lost) == pytest.approx((sums.weight, sums.lost))
            assert found.squares >= sums.squares - 1e-6
    for tier, sums in of_sums.tiers.items():
        assert sums.pairs == sum(
            one.pairs for (name, _), one in of_sums.steps.items() if name == tier
        )


def test_before_any_verdict_there_is_nothing(connection: Connection) -> None:
    found = losses(connection, "", put.NOW, put.NOW + HOUR, steps=3)
    assert (found.steps, found.cells, found.tiers) == ({}, {}, {})
