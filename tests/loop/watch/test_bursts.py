"""Suspicion begins a burst, money bounds it, and it ends with the suspicion or by itself."""

import datetime as dt
from typing import Any

import factories.rows as put
import pytest
from fakes.collaborators import rows
from sqlalchemy import Connection, Engine, text

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.loop.watch.bursts import (
    BurstRules,
    plain_usd_of,
    steer_bursts,
    suspicions,
)
from tierwatch.store.costs import add_lost_cost
from tierwatch.store.judgements.bursts import FedStream, PlainCost, SampledBurst, all_bursts
from tierwatch.store.judgements.monitors import put_monitor

LEVEL = 2e7
RULES = BurstRules(density=10.0, budget_usd_per_day=None)
NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def state(bad: int) -> dict[str, Any]:
    """A monitor after so many bad pairs in a row; each makes it up to five times as suspicious."""
    monitor = MisrouteMonitor(0.05, LEVEL)
    for _ in range(bad):
        monitor.update(1.0)
    return monitor.state()


def bad_pairs_to(statistic: float) -> int:
    """Bad pairs in a row that bring a monitor to a statistic."""
    monitor, bad = MisrouteMonitor(0.05, LEVEL), 0
    while monitor.statistic < statistic:
        monitor.update(1.0)
        bad += 1
    return bad


def watch(
    connection: Connection,
    bad: int,
    *,
    tier: str = "simple",
    task_type: str = "sql",
    alarmed: bool = False,
    policy: str = "p1",
    at: dt.datetime = NOON,
    **changes: Any,
) -> None:
    stream = f"{tier}|{task_type}|{policy}|small-1|judge"
    put_monitor(
        connection,
        **{
            "kind": "misroute",
            "stream": stream,
            "tier": tier,
            "task_type": task_type,
            "policy_version": 1,
            "judge_version": "judge",
            "state": state(bad),
            "pairs": 40,
            "losses": 0.0,
            "newest_request_no": 1,
            "alarmed": alarmed,
            "estimate": None,
        }
        | changes,
    )
    connection.execute(
        text("update monitors set updated_at = :at where stream = :stream"),
        {"at": at, "stream": stream},
    )


def steer(engine: Engine, now: dt.datetime = NOON, rules: BurstRules = RULES) -> list[SampledBurst]:
    steer_bursts(engine=engine, rules=rules, now=now)
    with engine.connect() as connection:
        return [row for row in all_bursts(connection) if row.ended_at is None]


def audit(engine: Engine) -> list[tuple[str, str]]:
    return [
        (row.action, row.subject)
        for row in rows(engine, "select action, subject from audit order by id")
    ]


SUSPICIOUS = bad_pairs_to(LEVEL / 3_000)


def test_a_suspicious_segment_is_sampled_more_densely_until_it_no_longer_is(engine: Engine) -> None:
    with engine.begin() as connection:
        watch(connection, SUSPICIOUS - 1, task_type="chat")
        watch(connection, SUSPICIOUS)
    (burst,) = steer(engine)
    assert (burst.tier, burst.task_type, burst.density, burst.asked) == ("simple", "sql", 10, 10)
    assert burst.statistic >= LEVEL / 3_000
    assert burst.level == LEVEL
    assert burst.until == NOON + dt.timedelta(minutes=15)
    with engine.begin() as connection:  # below where it began: it goes on
        watch(connection, SUSPICIOUS - 1)
    (prolonged,) = steer(engine, NOON + dt.timedelta(minutes=5))
    assert prolonged.until == NOON + dt.timedelta(minutes=20)
    with engine.begin() as connection:  # below a tenth of it: it is over
        watch(connection, SUSPICIOUS - 3)
    assert steer(engine, NOON + dt.timedelta(minutes=6)) == []
    assert audit(engine) == [
        ("burst.began", "segment/simple/sql"),
        ("burst.ended", "segment/simple/sql"),
    ]
    (ended,) = rows(
        engine, "select why_ended, detail from bursts, audit order by audit.id desc limit 1"
    )
    assert ended.why_ended == ended.detail["why"] == "the suspicion is over"


def test_an_alert_ends_it(engine: Engine) -> None:
    with engine.begin() as connection:
        watch(connection, SUSPICIOUS)
    assert len(steer(engine)) == 1
    with engine.begin() as connection:
        watch(connection, SUSPICIOUS + 5, alarmed=True)
    assert steer(engine) == []
    assert rows(engine, "select why_ended from bursts")[0].why_ended == "its alert is open"


def test_a_stream_that_takes_in_nothing_is_not_gone_on_with(engine: Engine) -> None:
    with engine.begin() as connection:
        watch(connection, SUSPICIOUS)
    assert len(steer(engine, NOON + dt.timedelta(hours=5))) == 1
    assert steer(engine, NOON + dt.timedelta(hours=7)) == []
    assert "6 hours" in rows(engine, "select why_ended from bursts")[0].why_ended


def test_without_bursts_asked_for_there_are_none_and_old_ones_end(engine: Engine) -> None:
    with engine.begin() as connection:
        watch(connection, SUSPICIOUS)
    assert len(steer(engine)) == 1
    assert steer(engine, rules=BurstRules(1.0, None)) == []
    assert rows(engine, "select why_ended from bursts")[0].why_ended


def test_only_one_worker_steers_at_a_time(engine: Engine) -> None:
    with engine.begin() as connection:
        watch(connection, SUSPICIOUS)
    with engine.begin() as other:
        other.execute(text("select pg_advisory_xact_lock(7431211)"))
        assert steer_bursts(engine=engine, rules=RULES, now=NOON) == 0
    assert steer_bursts(engine=engine, rules=RULES, now=NOON) == 1


def pay(connection: Connection, now: dt.datetime) -> None:
    """A day of evaluation that costs 1 USD an hour, a quarter of it for sql."""
    for number, (task_type, usd) in enumerate((("sql", 6.0), ("chat", 18.0))):
        exchange_id = put.new_exchange_id((now - dt.timedelta(hours=24)).timestamp() + number)
        put.add_exchange(
            connection,
            number,
            id=exchange_id,
            arrived_at=now - dt.timedelta(hours=24),
            task_type=task_type,
        )
        put.add_shadow(connection, exchange_id)
        connection.execute(
            text(
                "update alternatives set cost_usd = :usd, created_at = :at where exchange_id = :id"
            ),
            {"usd": usd, "at": now - dt.timedelta(hours=23), "id": exchange_id},
        )


@pytest.mark.parametrize(
    ("budget", "density"),
    [
        # 12 hours of the plan are 12 USD, 3 of them for sql; a tenth of the budget is left alone.
        (1_000.0, 10.0),
        (30.0, 1 + (27 - 12) / 3),
        (15.0, 1 + (13.5 - 12) / 3),
        (13.0, 1.0),
    ],
)
def test_the_day_s_money_bounds_the_density(engine: Engine, budget: float, density: float) -> None:
    with engine.begin() as connection:
        pay(connection, NOON)
        watch(connection, SUSPICIOUS)
    (burst,) = steer(engine, rules=BurstRules(10.0, budget))
    assert burst.density == pytest.approx(density)
    assert burst.starved == (density < 10)


def test_one_that_money_holds_back_says_so_and_so_does_its_return(engine: Engine) -> None:
    now = dt.datetime.now(dt.UTC)
    with engine.begin() as connection:
        watch(connection, SUSPICIOUS, at=now)
        add_lost_cost(connection, "judge", 9.5)
    (burst,) = steer(engine, now, BurstRules(10.0, 10.0))
    assert burst.density == 1
    assert burst.starved
    (burst,) = steer(engine, now, BurstRules(10.0, 1_000.0))
    assert not burst.starved
    assert [action for action, _ in audit(engine)] == ["burst.began", "burst.changed"]


def test_a_state_that_cannot_be_read_is_no_suspicion() -> None:
    assert suspicions([FedStream("simple", "sql", {"n": 1}, alarmed=False)], bursting=[]) == {}


def test_of_several_streams_of_a_segment_the_worst_counts() -> None:
    streams = [
        FedStream("simple", "sql", state(SUSPICIOUS), alarmed=False),
        FedStream("simple", "sql", state(SUSPICIOUS + 1), alarmed=False),
        FedStream("simple", "sql", state(SUSPICIOUS + 9), alarmed=True),
        FedStream("simple", "*", state(SUSPICIOUS - 1), alarmed=False),
    ]
    found = suspicions(streams, bursting=[])
    assert found.keys() == {("simple", "sql")}
    assert (
        found["simple", "sql"].statistic == MisrouteMonitor.from_state(streams[1].state).statistic
    )
    assert suspicions(streams, bursting=[("simple", "*")]).keys() == {
        ("simple", "sql"), ("simple", "*"),
    }  # fmt: skip


def test_a_tier_s_types_count_once() -> None:
    costs = {
        ("simple", "sql"): PlainCost(5.0, 1.0),
        ("simple", "chat"): PlainCost(2.0, 2.0),
        ("standard", "sql"): PlainCost(4.0, 4.0),
    }
    assert plain_usd_of([("simple", "*"), ("simple", "sql")], costs) == 3
    assert plain_usd_of([("standard", "sql"), ("complex", "*")], costs) == 4
