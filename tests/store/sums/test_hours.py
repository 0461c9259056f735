"""What traffic adds up to is the same whichever hours were added up, and whatever came late."""

import datetime as dt

import factories.rows as put
import pytest
from sqlalchemy import Connection, text

from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.store.reading.one_row import read_part
from tierwatch.store.sums.hours import (
    FOLDED_AT_ONCE,
    REQUESTS,
    TierSums,
    fold_hours,
)
from tierwatch.store.sums.served import served

HOUR = dt.timedelta(hours=1)
LATER = put.NOW + 100 * HOUR


def put_traffic(connection: Connection, hours: int = 3) -> None:
    """Of each hour: requests of two tiers, and exchanges in every stage of one of them."""
    for hour in range(hours):
        second = hour * 3_600
        minute = put.NOW + dt.timedelta(seconds=second + 120)
        put.add_rollup(connection, "simple", 10 + hour, minute=minute, sampled=5, eligible=9)
        put.add_rollup(
            connection, "simple", 2, minute=minute, task_type="unfamiliar", errors=1, bin=1
        )
        put.add_rollup(connection, "complex", 3, minute=minute, dropped=1, cost_usd=0.5)
        put.add_pair(connection, second + 1, "tie")
        put.add_pair(connection, second + 2, None)
        put.add_failure(connection, put.add_exchange(connection, second + 3))
        put.add_exchange(connection, second + 4)
        put.add_twin(connection, put.add_pair(connection, second + 5, "alternative"))


def expected(hours: int = 3) -> dict[str, TierSums]:
    return {
        "complex": TierSums(
            requests=3 * hours,
            dropped=hours,
            cost_usd=0.5 * hours,
            cost_top_tier_usd=4.0 * hours,
            latency_ms=300.0 * hours,
        ),
        "simple": TierSums(
            requests=sum(12 + hour for hour in range(hours)),
            unfamiliar=2 * hours,
            errors=hours,
            sampled=5 * hours,
            eligible=9 * hours,
            exchanges=5 * hours,
            judged=2 * hours,
            unscored=hours,
            failed=hours,
            cost_usd=2.0 * hours,
            cost_top_tier_usd=8.0 * hours,
            latency_ms=sum(1_200.0 + 100 * hour for hour in range(hours)),
            shadow_usd=0.04 * hours,
            judge_usd=0.008 * hours,
        ),
    }


def same(found: dict[str, TierSums], hours: int = 3) -> bool:
    wanted = expected(hours)
    return found.keys() == wanted.keys() and all(
        getattr(found[tier], name) == pytest.approx(getattr(wanted[tier], name))
        for tier in wanted
        for name in TierSums.__slots__
    )


def folded(connection: Connection) -> int:
    return connection.execute(text("select count(distinct hour) from hour_sums")).scalar_one()


def test_nothing_is_nothing(connection: Connection) -> None:
    assert served(connection).tiers == {}
    assert read_part(connection, REQUESTS) == 0
    assert fold_hours(connection, LATER) == 0


@pytest.mark.parametrize("over", [0, 1, 2, 3])
def test_hours_that_are_added_up_change_no_figure(connection: Connection, over: int) -> None:
    put_traffic(connection)
    assert fold_hours(connection, put.NOW + over * HOUR) == over
    assert folded(connection) == over
    assert same(served(connection).tiers)
    assert read_part(connection, REQUESTS) == sum(one.requests for one in expected().values())
    assert fold_hours(connection, put.NOW + over * HOUR) == 0


def test_what_comes_late_is_seen_at_once_and_added_up_again(connection: Connection) -> None:
    put_traffic(connection, 2)
    fold_hours(connection, LATER)
    put.add_rollup(connection, "simple", 7, minute=put.NOW + dt.timedelta(minutes=9))
    waiting = put.add_exchange(connection, 30)
    found = served(connection).tiers["simple"]
    before = expected(2)["simple"]
    assert (found.requests, found.exchanges) == (before.requests + 7, before.exchanges + 1)
    put.add_shadow(connection, waiting)
    put.add_verdict(connection, waiting, "served")
    again = served(connection).tiers["simple"]
    assert (again.judged, again.judge_usd) == (
        before.judged + 1,
        pytest.approx(before.judge_usd + 0.002),
    )
    assert fold_hours(connection, LATER) == 1
    assert connection.execute(text("select count(*) from changed_hours")).scalar_one() == 0
    assert served(connection).tiers["simple"] == again


def test_a_verdict_after_a_failure_counts_once(connection: Connection) -> None:
    pair = put.add_pair(connection, 1, "tie")
    put.add_failure(connection, pair)
    put.add_verdict(connection, pair, None, judge_version="another")
    found = served(connection).tiers["simple"]
    assert (found.judged, found.unscored, found.failed) == (1, 0, 0)


def test_hours_are_added_up_some_at_a_time_and_none_is_passed_over(connection: Connection) -> None:
    for hour in range(FOLDED_AT_ONCE + 6):
        put.add_rollup(connection, "simple", 1, minute=put.NOW + hour * HOUR)
    assert fold_hours(connection, LATER) == FOLDED_AT_ONCE
    assert served(connection).tiers["simple"].requests == FOLDED_AT_ONCE + 6
    # One that changed lies behind those that were never added up.
    put.add_rollup(connection, "simple", 1, minute=put.NOW + 29 * HOUR, bin=3)
    assert served(connection).tiers["simple"].requests == FOLDED_AT_ONCE + 7
    assert fold_hours(connection, LATER) == 6
    assert fold_hours(connection, LATER) == 0
    assert served(connection).tiers["simple"].requests == FOLDED_AT_ONCE + 7
    assert folded(connection) == FOLDED_AT_ONCE + 6


def test_rows_of_now_mark_nothing(connection: Connection) -> None:
    now = dt.datetime.now(dt.UTC)
    put.add_rollup(connection, "simple", 1, minute=now)
    exchange = new_exchange_id(now.timestamp())
    put.add_exchange(connection, 1, id=exchange)
    put.add_rollup(connection, "simple", 1, minute=now - 2 * HOUR)
    marked = text("select hour from changed_hours order by hour")
    # The text of the exchange is of another day, and texts mark nothing.
    assert connection.execute(marked).all() == []
    put.add_shadow(connection, exchange)
    put.add_rollup(connection, "simple", 1, minute=now - 5 * HOUR)
    connection.execute(text("update rollups set drift_taken = 1"))
    assert len(connection.execute(marked).all()) == 1


def test_sums_of_tiers_add_up() -> None:
    both = TierSums(requests=1, cost_usd=0.5) + TierSums(requests=2, judged=1)
    assert both == TierSums(requests=3, judged=1, cost_usd=0.5)


def test_a_week_without_traffic_holds_nothing_up(connection: Connection) -> None:
    for hour in (0, 5, 30, 200):
        put.add_rollup(connection, "simple", 1, minute=put.NOW + hour * HOUR)
    put.add_exchange(connection, 300 * 3_600)
    end = put.NOW + 400 * HOUR
    folds = [fold_hours(connection, end) for _ in range(5)]
    assert folds == [2, 1, 1, 1, 0]
    found = served(connection).tiers["simple"]
    assert (found.requests, found.exchanges) == (4, 1)
