"""A segment has one row, of its newest burst; bursts cost what was drawn beyond the plan."""

import datetime as dt
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from tierwatch.store.judgements.bursts import (
    ACTIVE_BURSTS,
    PlainCost,
    SampledBurst,
    SegmentLoad,
    all_bursts,
    burst_usd_today,
    costs_since,
    end_burst,
    fed_since,
    first_arrival,
    polled_bursts,
    put_burst,
    segment_loads,
)
from tierwatch.store.judgements.monitors import put_monitor
from tierwatch.store.reading.one_row import read_part

SQL = ("simple", "sql")
SOON = dt.timedelta(minutes=15)


def now_of(connection: Connection) -> dt.datetime:
    return connection.execute(text("select now()")).scalar_one()


def begin(connection: Connection, segment: tuple[str, str] = SQL, **changes: Any) -> SampledBurst:
    columns = {
        "density": 10.0,
        "asked": 10.0,
        "statistic": 2e4,
        "level": 2e7,
        "until": now_of(connection) + SOON,
    }
    return put_burst(connection, segment, **(columns | changes))


def test_a_burst_begins_is_prolonged_ends_and_begins_again(engine: Engine) -> None:
    with engine.begin() as connection:
        first = begin(connection)
    with engine.begin() as connection:
        later = begin(connection, density=4.0, statistic=5e5)
    assert later.started_at == first.started_at
    assert later.until > first.until
    assert (later.density, later.statistic, later.times, later.starved) == (4.0, 5e5, 1, True)
    with engine.begin() as connection:
        end_burst(connection, SQL, why="the suspicion is over")
        (ended,) = all_bursts(connection)
        assert ended.ended_at is not None
        assert ended.why_ended == "the suspicion is over"
        assert read_part(connection, ACTIVE_BURSTS) == polled_bursts(connection) == []
    with engine.begin() as connection:
        end_burst(connection, SQL, why="a second time")
        assert all_bursts(connection) == [ended]
    with engine.begin() as connection:
        again = begin(connection)
    assert again.started_at > first.started_at
    assert (again.times, again.ended_at, again.why_ended, again.starved) == (2, None, "", False)


def test_a_burst_that_nobody_prolongs_is_over_by_itself(engine: Engine) -> None:
    with engine.begin() as connection:
        begin(connection, until=now_of(connection) - dt.timedelta(seconds=1))
        begin(connection, ("simple", "*"))
        assert [row.task_type for row in read_part(connection, ACTIVE_BURSTS)] == ["*"]
        (polled,) = polled_bursts(connection)
    assert (polled.tier, polled.task_type, polled.density) == ("simple", "*", 10.0)
    assert polled.left_s == pytest.approx(SOON.total_seconds())


def test_one_that_is_starved_to_the_plan_is_shown_and_not_sampled_by(engine: Engine) -> None:
    with engine.begin() as connection:
        begin(connection, density=1.0)
        assert len(read_part(connection, ACTIVE_BURSTS)) == 1
        assert polled_bursts(connection) == []


@pytest.mark.parametrize("density", [0.5, 11.0])
def test_postgres_refuses_one_below_the_plan_or_above_what_is_asked(
    engine: Engine, density: float
) -> None:
    with engine.connect() as connection, pytest.raises(IntegrityError):
        begin(connection, density=density)


def test_a_density_that_cannot_be_stops_no_budget(engine: Engine) -> None:
    with engine.begin() as connection:
        moment = now_of(connection)
        pair = put.new_exchange_id(moment.timestamp())
        put.add_exchange(connection, 1, id=pair, task_type="sql", density=0.0)
        put.add_shadow(connection, pair)
        put.add_verdict(connection, pair)
        begin(connection)
        assert burst_usd_today(connection) == pytest.approx(0.0)
        [load] = segment_loads(connection, moment - SOON)
        assert (load.pairs, load.usd) == (pytest.approx(1.0), pytest.approx(0.012))


def test_costs_are_split_into_what_the_plan_asked_for_and_the_rest(engine: Engine) -> None:
    with engine.begin() as connection:
        moment = now_of(connection)
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        for number, (task_type, density) in enumerate([("sql", 10.0), ("sql", 1.0), ("chat", 1.0)]):
            pair = put.new_exchange_id(moment.timestamp())
            put.add_exchange(connection, number, id=pair, task_type=task_type, density=density)
            put.add_shadow(connection, pair)
            put.add_verdict(connection, pair)
        costs = costs_since(connection, midnight)
        # A shadow answer of .01 and a verdict of .002 each.
        assert costs == {
            SQL: PlainCost(pytest.approx(0.024), pytest.approx(0.0132)),
            ("simple", "chat"): PlainCost(pytest.approx(0.012), pytest.approx(0.012)),
        }
        # As planned, a pair drawn ten times as densely is a tenth of one.
        assert segment_loads(connection, midnight) == [
            SegmentLoad("simple", "chat", pytest.approx(1.0), pytest.approx(0.012)),
            SegmentLoad("simple", "sql", pytest.approx(1.1), pytest.approx(0.0132)),
        ]
        assert burst_usd_today(connection) == 0  # without a burst today nothing is added up
        begin(connection)
        assert burst_usd_today(connection) == pytest.approx(0.0108)
        assert costs_since(connection, moment + SOON) == {}


def test_the_first_arrival_since_a_moment(engine: Engine) -> None:
    with engine.begin() as connection:
        assert first_arrival(connection, put.NOW) is None
        put.add_exchange(connection, 20)
        put.add_exchange(connection, 10)
        assert first_arrival(connection, put.NOW) == put.NOW + dt.timedelta(seconds=10)
        assert first_arrival(connection, put.NOW + dt.timedelta(seconds=11)) == (
            put.NOW + dt.timedelta(seconds=20)
        )


def test_streams_that_took_in_a_pair_of_late(engine: Engine) -> None:
    with engine.begin() as connection:
        for kind, stream in (("misroute", "simple|sql|x"), ("input", "input|p1")):
            put_monitor(
                connection,
                kind=kind,
                stream=stream,
                tier="simple",
                task_type="sql",
                policy_version=1,
                judge_version="judge",
                state={"n": 1},
                pairs=1,
                losses=0.0,
                newest_request_no=1,
                alarmed=True,
                estimate=None,
            )
        moment = now_of(connection)
        (found,) = fed_since(connection, moment - SOON)
        assert (found.tier, found.task_type, found.state, found.alarmed) == (
            "simple", "sql", {"n": 1}, True,
        )  # fmt: skip
        assert fed_since(connection, moment + SOON) == []
