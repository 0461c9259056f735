"""Sampling follows the budget and the risk, and is left alone while Postgres is away."""

import datetime as dt
import time
from pathlib import Path

import factories.rows as put
import pytest
from fakes.collaborators import build_recorder, counts, served
from fakes.outage import Outage
from sqlalchemy import Engine, text

from tierwatch.dispatch import KeptDispatch
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.capture import steering as steering_module
from tierwatch.loop.capture.steering import Steering
from tierwatch.store.costs import add_lost_cost
from tierwatch.store.judgements.bursts import end_burst, put_burst


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def steering(engine: Engine, budget: float | None = None, clock: Clock | None = None) -> Steering:
    return Steering(engine, budget_usd_per_day=budget, monotonic=clock or Clock())


def spend(engine: Engine, usd: float) -> None:
    with engine.begin() as connection:
        add_lost_cost(connection, "judge", usd)


def test_the_budget_stops_sampling(engine: Engine, dispatch: KeptDispatch, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into alternatives (exchange_id, tier, model, prompt_tokens, completion_tokens,"
            " cost_usd, latency_ms) values (gen_random_uuid(), 'standard', 'm', 1, 1, 30.0, 1)"
        )
    recorder = build_recorder(engine, dispatch, tmp_path, budget_usd_per_day=25.0)
    recorder.start()
    recorder.stop()
    recorder.record(served())
    recorder.flush()
    assert counts(engine) == (1, 0, 0)


def test_the_allocation_of_the_sample_comes_from_what_is_known_of_each_bin(
    engine: Engine,
) -> None:
    with engine.begin() as connection:
        for number in range(60):
            # Bad in a third of the pairs at .72, never at .92.
            confidence = 0.72 if number % 2 else 0.92
            pair = put.add_exchange(connection, number, confidence=confidence)
            loss = float(number % 2 and number % 3 == 0)
            put.add_outcome(connection, number, loss, exchange_id=pair, confidence=0.1)
        for place in (14, 18):
            put.add_rollup(connection, "simple", 500, bin=place, minute=dt.datetime.now(dt.UTC))
    plan = SamplingPlan(0.1, allocation={})
    found = steering(engine).plan(plan, flushed=0).allocation
    assert found is not None
    assert set(found) == {("simple", 14), ("simple", 18)}
    assert found["simple", 14] > 1 > found["simple", 18]
    # Under another model the same bins hold other prompts: nothing is known of them yet.
    with engine.begin() as connection:
        put.add_policy(connection)
        put.add_policy(connection, 2)
        connection.execute(text("update policies set classifier = 1 where version = 2"))
        put.put_in_force(connection, 2)
    assert steering(engine).plan(plan, flushed=0).allocation == {}
    assert steering(engine).plan(SamplingPlan(0.1), flushed=0).allocation is None


def test_the_plan_stays_itself_when_nothing_has_changed(engine: Engine) -> None:
    plan = SamplingPlan(0.1)
    assert steering(engine, budget=25.0).plan(plan, flushed=0) is plan


def test_postgres_is_asked_every_five_seconds(engine: Engine) -> None:
    clock = Clock()
    asking, plan = steering(engine, 10.0, clock), SamplingPlan(1.0)
    assert asking.plan(plan, flushed=0).factor == 1.0
    spend(engine, 100.0)
    clock.now += 4.9
    assert asking.plan(plan, flushed=0).factor == 1.0
    clock.now += 0.1
    assert asking.plan(plan, flushed=0).factor == 0.0


def test_an_outage_is_asked_through_until_it_ends(engine: Engine, outage: Outage) -> None:
    spend(engine, 100.0)
    asking, plan = steering(outage.engine, 10.0), SamplingPlan(1.0)
    assert asking.plan(plan, flushed=0) is plan
    assert asking.base is None
    outage.end()  # no clock has moved: what failed was no answer
    assert asking.plan(plan, flushed=0).factor == 0.0
    assert asking.base == 0


def test_requests_before_this_process_are_the_base_of_its_numbers(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_rollup(connection, "simple", 30)
        put.add_rollup(connection, "standard", 12)
    clock = Clock()
    asking = steering(engine, clock=clock)
    asking.plan(SamplingPlan(1.0), flushed=5)
    assert asking.base == 37  # 30 + 12 are counted, and 5 of them are its own
    with engine.begin() as connection:
        put.add_rollup(connection, "complex", 100)
    clock.now += 60
    asking.plan(SamplingPlan(1.0), flushed=5)
    assert asking.base == 37


def test_risk_is_read_every_five_minutes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[float] = []
    clock = Clock()
    monkeypatch.setattr(steering_module, "risk_cells", lambda _: read.append(clock.now) or [])
    asking, plan = steering(engine, clock=clock), SamplingPlan(0.1, allocation={})
    for _ in range(70):
        plan = asking.plan(plan, flushed=0)
        clock.now += 10
    # At 0, 300 and 600 of 700 seconds.
    assert read == [1_000.0, 1_300.0, 1_600.0]


SQL = ("simple", "sql")


def burst(engine: Engine, left_s: float = 600.0, density: float = 10.0) -> None:
    with engine.begin() as connection:
        until = connection.execute(text("select now()")).scalar_one()
        until += dt.timedelta(seconds=left_s)
        put_burst(
            connection, SQL, density=density, asked=10.0, statistic=1e4, level=2e7, until=until
        )


def test_bursts_are_sampled_by_until_they_end(engine: Engine) -> None:
    clock = Clock()
    asking = steering(engine, clock=clock)
    plan = asking.plan(SamplingPlan(0.02), flushed=0)
    assert not plan.bursts
    burst(engine)
    clock.now += 5
    plan = asking.plan(plan, flushed=0)
    at = time.time()
    assert plan.densities(*SQL, at).segment == 10
    assert plan.densities("simple", "chat", at).segment == 1
    # Nobody polls any more: by then it is over.
    assert plan.densities(*SQL, at + 601).segment == 1
    with engine.begin() as connection:
        end_burst(connection, SQL, why="the suspicion is over")
    clock.now += 5
    assert not asking.plan(plan, flushed=0).bursts


def test_an_outage_keeps_a_burst_until_its_own_end(engine: Engine, outage: Outage) -> None:
    burst(engine)
    plan = steering(engine).plan(SamplingPlan(0.02), flushed=0)
    away = steering(outage.engine)
    assert away.plan(plan, flushed=0) is plan
    outage.end()


def test_what_bursts_cost_does_not_lower_the_plan(engine: Engine) -> None:
    now = dt.datetime.now(dt.UTC)
    with engine.begin() as connection:
        pair = put.new_exchange_id(now.timestamp())
        put.add_exchange(connection, 1, id=pair, density=10.0)
        put.add_shadow(connection, pair)
        connection.execute(text("update alternatives set cost_usd = 8"))
    assert steering(engine, 10.0).plan(SamplingPlan(1.0), flushed=0).factor < 0.5
    burst(engine)
    # .8 of it is the plan's; the day's budget of 10 is spent to four fifths.
    assert steering(engine, 10.0).plan(SamplingPlan(1.0), flushed=0).factor == 1.0
    spend(engine, 2.0)
    assert steering(engine, 10.0).plan(SamplingPlan(1.0), flushed=0).factor == 0.0
