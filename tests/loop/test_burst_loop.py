"""A burst the whole way round: suspicion, row, gateways, draw, stored density, monitors, counts."""

import datetime as dt
import time
from pathlib import Path

import factories.rows as put
import pytest
from fakes.collaborators import (
    TIERS_BY_NAME,
    FakeClient,
    FakeJudge,
    build_recorder,
    decided,
    rows,
    served,
)
from sqlalchemy import Engine

from tierwatch.dispatch import KeptDispatch
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.loop.capture.recorder import CaptureRecorder
from tierwatch.loop.compare.judge import judge_exchange
from tierwatch.loop.compare.shadow import shadow_exchange
from tierwatch.loop.watch.bursts import BurstRules, steer_bursts
from tierwatch.loop.watch.observe import MonitorRules, observe
from tierwatch.loop.watch.traffic import watch_traffic
from tierwatch.store.judgements.bursts import all_bursts
from tierwatch.store.judgements.monitors import load_monitor

JUDGE = "fake/v1"
LEVEL = 1e7
MONITORS = MonitorRules(
    tolerance={"simple": 0.05}, level=LEVEL, max_weight=1.5, min_pairs=10, conversation_idle_s=0.0
)
SQL = ("simple", "sql")
TYPES = ("sql", "chat")
REQUESTS = 100


def monitor(engine: Engine, kind: str) -> MisrouteMonitor:
    with engine.connect() as connection:
        kept = load_monitor(connection, f"simple|{kind}|p1|small-1|{JUDGE}")
    assert kept is not None
    return MisrouteMonitor.from_state(kept.state)


def make_suspicious(engine: Engine) -> None:
    """Eight bad pairs of one type among so many good ones that its tier is above suspicion."""
    number = 0
    with engine.begin() as connection:
        for _ in range(8):
            for kind, loss in (*[("chat", 0.0)] * 30, ("sql", 1.0)):
                number += 1
                put.add_outcome(
                    connection,
                    number,
                    loss,
                    judge_version=JUDGE,
                    task_type=kind,
                    stream=f"simple|{kind}|p1|small-1|{JUDGE}",
                )
    observe(engine=engine, rules=MONITORS)


def serve(gateway: CaptureRecorder, at: float) -> None:
    """Requests of two types, as many of each, that arrive at a gateway."""
    for number in range(REQUESTS):
        for kind in TYPES:
            gateway.record(
                served(
                    decided(task_type=kind),
                    exchange_id=new_exchange_id(at + number / 10),
                    arrived_at=at + number / 10,
                )
            )
    gateway.flush()


def judge_all(engine: Engine, dispatch: KeptDispatch) -> None:
    """Compare what was drawn, twice: word of an exchange may come again."""
    ids = [row.id for row in rows(engine, "select id from exchanges order by id")]
    for exchange_id in [*ids, *ids[:20]]:
        shadow_exchange(
            exchange_id,
            engine=engine,
            client=FakeClient(),
            tiers=TIERS_BY_NAME,
            dispatch=dispatch,
            redact=str,
            hold_s=30,
        )
        judge_exchange(
            exchange_id, engine=engine, judge=FakeJudge("tie"), dispatch=dispatch, hold_s=30
        )


def test_a_suspicion_is_sampled_densely_by_every_gateway_and_weighs_as_ever(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> None:
    plan = SamplingPlan(0.05)
    make_suspicious(engine)
    before = {kind: monitor(engine, kind) for kind in ("sql", "*")}
    now = dt.datetime.now(dt.UTC)
    steer_bursts(engine=engine, rules=BurstRules(10.0, None), now=now)
    with engine.connect() as connection:
        [burst] = all_bursts(connection)
    assert ((burst.tier, burst.task_type), burst.density) == (SQL, 10)

    gateways = [build_recorder(engine, dispatch, tmp_path / name, plan=plan) for name in "ab"]
    for gateway in gateways:
        gateway.record(served(decided("complex"), arrived_at=time.time() - 1_200))
        gateway.flush()  # and ask what to sample by
    at = time.time() - 600
    for gateway in gateways:
        serve(gateway, at)
    drawn = {
        row.task_type: row
        for row in rows(
            engine,
            "select task_type, count(*) as n, min(pi) as pi, max(pi) as most,"
            " min(density) as density, min(tier_density) as tier_density"
            " from exchanges where tier = 'simple' group by 1",
        )
    }
    # Of 200 each: 100 +- 7 at a half and 10 +- 3 at a twentieth; five deviations upwards.
    assert 65 < drawn["sql"].n < 135
    assert 0 < drawn["chat"].n < 26
    assert [(drawn[kind].pi, drawn[kind].most) for kind in TYPES] == [(0.5, 0.5), (0.05, 0.05)]
    assert [drawn[kind].density for kind in TYPES] == [10, 1]
    assert {drawn[kind].tier_density for kind in TYPES} == {1}

    judge_all(engine, dispatch)
    observe(engine=engine, rules=MONITORS)
    assert observe(engine=engine, rules=MONITORS) == 0
    # Among its own each weighs as when sampled as planned, among its tier a tenth of that.
    for _ in range(drawn["sql"].n):
        before["sql"].update(0.0, 1.0)
    assert monitor(engine, "sql").n == before["sql"].n
    assert monitor(engine, "sql").evidence == pytest.approx(before["sql"].evidence)
    taken = rows(
        engine,
        "select weight * tier_density as weight from outcomes"
        " where exchange_id in (select id from exchanges where tier = 'simple') order by position",
    )
    for row in taken:
        before["*"].update(0.0, row.weight)
    assert sorted({round(row.weight, 9) for row in taken}) == [0.1, 1.0]
    assert monitor(engine, "*").statistic == pytest.approx(before["*"].statistic)

    # What was expected is what was drawn, so the sample ratio has nothing to say.
    watch_traffic(engine=engine, level=LEVEL, now=now)
    with engine.connect() as connection:
        capture = load_monitor(connection, "capture|simple")
    assert capture is not None
    assert capture.state["eligible"] == 4 * REQUESTS
    assert capture.state["expected"] == pytest.approx(2 * REQUESTS * (0.5 + 0.05))
    assert capture.state["captured"] == drawn["sql"].n + drawn["chat"].n
    assert rows(engine, "select cause from alerts") == []

    # The good pairs have ended the suspicion; the gateways go back to the plan.
    steer_bursts(engine=engine, rules=BurstRules(10.0, None), now=now)
    with engine.connect() as connection:
        [over] = all_bursts(connection)
    assert over.why_ended == "the suspicion is over"
    later = build_recorder(engine, dispatch, tmp_path / "c", plan=plan)
    later.flush()
    serve(later, time.time())
    [planned] = rows(
        engine,
        "select min(density) as density, max(pi) as pi from exchanges where arrived_at > :since",
        since=now - dt.timedelta(seconds=5),
    )
    assert (planned.density, planned.pi) == (1, 0.05)
