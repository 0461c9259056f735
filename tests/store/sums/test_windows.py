"""Many stretches at once say what each says alone, from the whole hours inside."""

import datetime as dt

import factories.rows as put
import pytest
from factories.many_outcomes import BEGIN, drawn_outcomes, put_outcomes
from factories.rows import JUDGE
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from tierwatch.evaluation.rates.weighted import RateSums
from tierwatch.store.sums.hours import fold_hours
from tierwatch.store.sums.judged import HOUR, misroutes_over_time
from tierwatch.store.sums.windows import Served, Stretch, misroutes_in, served_in

AT = put.NOW


@given(st.integers(0, 10**6), st.integers(-(10**4), 10**6))
def test_whole_hours_lie_inside_and_miss_less_than_an_hour_at_each_end(
    start_s: int, length_s: int
) -> None:
    asked = Stretch(
        AT + dt.timedelta(seconds=start_s), AT + dt.timedelta(seconds=start_s + length_s)
    )
    whole = asked.whole_hours
    assert asked.since <= whole.since < asked.since + HOUR
    assert asked.until - HOUR < whole.until <= asked.until
    assert {(one.minute, one.second, one.microsecond) for one in whole} == {(0, 0, 0)}
    assert whole.whole_hours == whole
    if length_s < HOUR.total_seconds():
        assert whole.empty


@pytest.mark.parametrize("seed", range(3))
def test_each_stretch_has_the_sums_that_it_has_alone(connection: Connection, seed: int) -> None:
    put_outcomes(connection, drawn_outcomes(seed, 90))
    put_outcomes(connection, drawn_outcomes(seed + 9, 9), judge_version="another")
    begin = BEGIN.replace(minute=0)
    asked = [
        (tier, Stretch(begin + first * HOUR, begin + last * HOUR))
        for tier in ("simple", "standard", "gone")
        for first, last in ((0, 100), (5, 30), (30, 31), (20, 60))
    ]
    for (tier, stretch), found in zip(asked, misroutes_in(connection, JUDGE, asked), strict=True):
        alone = misroutes_over_time(connection, JUDGE, *stretch, steps=1).tiers
        expected = alone.get(tier, RateSums())
        assert _close(found, expected)


def _close(found: RateSums, expected: RateSums) -> bool:
    return all(
        getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-9)
        for name in RateSums.__slots__
    )


def test_an_hour_that_is_not_whole_is_left_out(connection: Connection) -> None:
    for number, minutes in enumerate((10, 70, 130)):
        put.add_rollup(
            connection, "simple", 2**number, minute=AT + dt.timedelta(minutes=minutes), bin=number
        )
    half = dt.timedelta(minutes=30)
    asked = [
        Stretch(AT, AT + 3 * HOUR),
        Stretch(AT + half, AT + 3 * HOUR - half),
        Stretch(AT + half, AT + HOUR + half),
        Stretch(AT + HOUR, AT),
    ]
    found = served_in(connection, asked)
    assert [one.requests for one in found] == [7, 2, 0, 0]
    # The same once they are added up.
    assert fold_hours(connection, AT + 5 * HOUR) > 0
    assert served_in(connection, asked) == found


def test_the_saving_is_of_the_top_tiers_price(connection: Connection) -> None:
    put.add_rollup(connection, "simple", 3, cost_usd=1.0, cost_top_tier_usd=4.0)
    put.add_rollup(connection, "complex", 1, cost_usd=4.0, cost_top_tier_usd=4.0)
    [found] = served_in(connection, [Stretch(AT, AT + HOUR)])
    assert found == Served(4, 5.0, 8.0)
    assert found.saving == pytest.approx(0.375)
    assert Served().saving is None


def test_nothing_asked_asks_nothing(connection: Connection) -> None:
    assert misroutes_in(connection, JUDGE, []) == []
    assert served_in(connection, []) == []
