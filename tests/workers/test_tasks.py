"""Each task hands the process's runtime to one function of the loop."""

import datetime as dt
import os
import uuid
from pathlib import Path
from types import ModuleType, SimpleNamespace

import factories.rows as put
import pytest
from factories.evalsets import ANCHORS, PROBES
from factories.pairs import add_judged, prompts
from fakes.collaborators import (
    TIERS_BY_NAME,
    FakeClient,
    FakeJudge,
    build_recorder,
    rows,
    scalar,
    served,
)
from fakes.receiver import FakeDestination
from fakes.score_tools import FakeLangfuse
from sqlalchemy import Engine

from tierwatch.dispatch import JUDGE, SHADOW, KeptDispatch
from tierwatch.loop.capture.redact import redact
from tierwatch.loop.compare.scores import ScorePlace
from tierwatch.loop.decide.rollout import RolloutRules
from tierwatch.loop.improve.learn import LearnRules
from tierwatch.loop.improve.refit_rules import RefitRules
from tierwatch.loop.improve.retune_rules import RetuneRules
from tierwatch.loop.notify.deliver import NotifyRules
from tierwatch.loop.watch.bursts import BurstRules
from tierwatch.loop.watch.observe import MonitorRules
from tierwatch.loop.watch.silence import SilenceRules
from tierwatch.notify.scores.langfuse import LangfuseScores
from tierwatch.routing.classify.learned import configured_boundaries


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tasks, imported without a setting in the environment."""
    for name in [key for key in os.environ if key.startswith("TIERWATCH_")]:
        monkeypatch.delenv(name)
    from tierwatch_workers import tasks

    return tasks


@pytest.fixture
def at(engine: Engine, tasks: ModuleType, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A runtime whose providers, judge and broker are stand-ins; the tasks find it."""
    receiver = FakeDestination()
    tool = FakeLangfuse()
    scores = LangfuseScores(
        "https://lf", tool.public_key, tool.secret_key, "lf", 60.0, tool.transport
    )
    judge = FakeJudge("alternative")
    judge.version = put.JUDGE
    runtime = SimpleNamespace(
        engine=engine,
        client=FakeClient(),
        judge=judge,
        judge_now=judge,
        together=None,
        watched=None,
        tiers=TIERS_BY_NAME,
        dispatch=KeptDispatch(),
        redact=redact,
        sealer=None,
        settings=SimpleNamespace(
            claim_s=300.0,
            sweep_after_s=0.001,
            anchors_every_s=3600.0,
            probes_every_s=3600.0,
            evalset_share=1.0,
        ),
        config=SimpleNamespace(
            evaluation=SimpleNamespace(
                retention_days=90,
                figures_days=400,
                media_days=7,
                budget_usd_per_day=None,
                alert_level=1e7,
            )
        ),
        asks_a_model=True,
        served_tiers=lambda: TIERS_BY_NAME,
        monitor_rules=MonitorRules({"simple": 0.05}, 1e7, 1.0, 30),
        burst_rules=BurstRules(10.0, None),
        retune_rules=RetuneRules(
            mode="propose",
            alpha={"simple": 0.05},
            delta=0.05,
            step=0.1,
            min_pairs=200,
            every_s=3600,
        ),
        rollout_rules=RolloutRules(0.2, 100, {"simple": 0.05}, 1.0),
        learn_rules=LearnRules(("simple", "standard"), put.JUDGE, 1.0),
        refit_rules=RefitRules(
            mode="propose",
            alpha={"simple": 0.3},
            delta=0.05,
            min_pairs=150,
            judge_version=put.JUDGE,
            configured=configured_boundaries(["simple", "standard", "complex"], {}),
        ),
        destinations=(receiver,),
        score_destinations=(scores,),
        score_places=(ScorePlace("lf", lambda _: True),),
        notify_rules=NotifyRules(""),
        silence_rules=SilenceRules(),
        heartbeat=None,
        receiver=receiver,
        scores=scores,
    )
    monkeypatch.setattr(tasks, "runtime", lambda: runtime)
    return runtime


def test_an_exchange_goes_from_capture_to_outcome_by_its_messages(
    at: SimpleNamespace, tasks: ModuleType, tmp_path: Path
) -> None:
    recorder = build_recorder(at.engine, at.dispatch, tmp_path)
    recorder.record(served())
    recorder.flush()
    steps = {
        SHADOW: tasks.shadow_exchange,
        JUDGE: tasks.judge_exchange,
    }
    done = []
    while at.dispatch.sent:
        name, exchange_id, _ = at.dispatch.sent.pop(0)
        done.append(name)
        steps[name](str(exchange_id))
    assert done == [SHADOW, JUDGE]
    tasks.observe_outcomes()
    assert scalar(at.engine, "select position from outcomes") == 1
    assert scalar(at.engine, "select count(*) from exchanges where ended_at is null") == 0


def test_a_verdict_on_an_exchange_of_somebodys_trace_goes_back_there(
    at: SimpleNamespace, tasks: ModuleType, tmp_path: Path
) -> None:
    recorder = build_recorder(at.engine, at.dispatch, tmp_path)
    trace = "0af7651916cd43dd8448eb211c80319c"
    exchange = served(headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    recorder.record(exchange)
    recorder.flush()
    tasks.shadow_exchange(str(exchange.exchange_id))
    tasks.judge_exchange(str(exchange.exchange_id))
    tasks.deliver_scores()
    tasks.deliver_scores()
    tool = at.scores.transport.handler
    [score] = tool.scores.values()
    assert (score["traceId"], score["name"], score["value"]) == (trace, "tierwatch.misroute", 1.0)
    assert tool.asked == 1


def test_several_exchanges_in_a_message_are_handed_on_one_by_one(
    at: SimpleNamespace, tasks: ModuleType
) -> None:
    names = [str(uuid.UUID(int=number)) for number in range(5)]
    tasks.shadow_exchange(names)
    assert at.dispatch.sent == [(SHADOW, uuid.UUID(name), 0) for name in names]


def test_a_message_with_one_exchange_is_done_whichever_way_it_is_written(
    at: SimpleNamespace, tasks: ModuleType, tmp_path: Path
) -> None:
    """Messages of the version before carry the id alone, those of this one a list."""
    recorder = build_recorder(at.engine, at.dispatch, tmp_path)
    for _ in range(2):
        recorder.record(served())
    recorder.flush()
    first, second = (str(sent[1]) for sent in at.dispatch.sent)
    at.dispatch.sent.clear()
    tasks.shadow_exchange(first)
    tasks.shadow_exchange([second])
    assert [name for name, _, _ in at.dispatch.sent] == [JUDGE, JUDGE]
    assert scalar(at.engine, "select count(*) from alternatives") == 2


def test_an_alert_that_observing_opens_is_notified_by_a_step_of_its_own(
    at: SimpleNamespace, tasks: ModuleType
) -> None:
    with at.engine.begin() as connection:
        for number in range(1, 41):
            put.add_outcome(connection, number, 1.0)
    tasks.observe_outcomes()
    tasks.observe_outcomes()
    assert at.receiver.events == []
    tasks.deliver_alerts()
    tasks.deliver_alerts()
    assert [event["type"] for event in at.receiver.events] == ["alert.opened"]


def test_what_is_over_is_resolved_and_silence_is_watched(
    at: SimpleNamespace, tasks: ModuleType
) -> None:
    with at.engine.begin() as connection:
        put.add_alert(connection, kind="budget", cause="budget:2020-01-01", tier="")
    tasks.watch_silence()
    assert scalar(at.engine, "select state from alerts") == "resolved"
    assert scalar(at.engine, "select count(*) from step_runs where step = 'silence'") == 1


def test_the_sweep_sends_what_was_left_lying(at: SimpleNamespace, tasks: ModuleType) -> None:
    with at.engine.begin() as connection:
        exchange_id = put.add_exchange(connection, 1, captured_at=put.NOW.replace(year=2025))
    tasks.sweep_rows()
    assert at.dispatch.sent == [(SHADOW, exchange_id, 0)]
    # It arrived days ago, and nothing followed.
    assert scalar(at.engine, "select exchange_id from follow_ups") == exchange_id


def test_retune_and_rollout_move_a_threshold(at: SimpleNamespace, tasks: ModuleType) -> None:
    with at.engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        for number in range(1, 401):
            put.add_outcome(connection, number, 0.0, confidence=0.5 + (number % 50) / 100)
    tasks.retune_thresholds()
    assert scalar(at.engine, "select state from proposals") == "open"
    with at.engine.begin() as connection:
        connection.exec_driver_sql(
            "update proposals set state = 'approved', decided_by = 'ada', decided_why = 'yes'"
        )
    tasks.watch_rollout()
    assert scalar(at.engine, "select state from proposals") == "rolling_out"
    assert scalar(at.engine, "select share from active_policy") == 0.2


def test_what_is_sent_up_ends_by_itself(at: SimpleNamespace, tasks: ModuleType) -> None:
    with at.engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        put.add_drain(connection, "simple")
    tasks.watch_rollout()
    drained = "select drained from policies join active_policy on stable_version = version"
    assert scalar(at.engine, drained) == {"all": ["simple"]}
    with at.engine.begin() as connection:
        connection.exec_driver_sql(
            "update drains set began_at = now() - interval '2 h', until = now() - interval '1 h'"
        )
    tasks.watch_rollout()
    assert scalar(at.engine, drained) == {}
    assert scalar(at.engine, "select ended_by from drains") == "tierwatch"


def test_pairs_are_learned_and_a_model_proposed(at: SimpleNamespace, tasks: ModuleType) -> None:
    for number, count in enumerate((600, 200)):
        with at.engine.begin() as connection:
            if number == 0:
                put.add_policy(connection)
                put.put_in_force(connection)
            add_judged(connection, list(prompts(count, number)))
        tasks.learn_pairs()
        tasks.refit_models()
    assert scalar(at.engine, "select pairs from learners where boundary = 'simple'") == 800
    assert scalar(at.engine, "select kind from proposals") == "model"


def test_anchors_and_probes_run_when_they_are_due_and_not_when_they_are_off(
    at: SimpleNamespace, tasks: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.evalsets, "anchors", lambda: ANCHORS)
    monkeypatch.setattr(tasks.evalsets, "probes", lambda: PROBES)
    at.settings.anchors_every_s = at.settings.probes_every_s = 0.0
    tasks.judge_anchors()
    tasks.ask_probes()
    assert scalar(at.engine, "select count(*) from evalset_runs") == 0
    at.settings.anchors_every_s = at.settings.probes_every_s = 3600.0
    at.asks_a_model = False
    tasks.judge_anchors()
    assert scalar(at.engine, "select count(*) from evalset_runs") == 0
    at.asks_a_model = True
    for _ in range(2):
        tasks.judge_anchors()
        tasks.ask_probes()
    # One for the judge, one for each tier; of the second round, by the hour, nothing was due.
    ended = "select count(*) from evalset_runs where ended_at is not null"
    assert scalar(at.engine, ended) == 4
    assert scalar(at.engine, "select count(*) from anchor_verdicts") == 40


def test_a_share_of_the_sets_is_asked_and_is_another_measurement(
    at: SimpleNamespace, tasks: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.evalsets, "anchors", lambda: ANCHORS)
    tasks.judge_anchors()
    at.settings.evalset_share = 0.25
    tasks.judge_anchors()
    # 40 and a quarter of 40; the second was due although the first was a moment ago.
    assert scalar(at.engine, "select count(*) from anchor_verdicts") == 50
    assert scalar(at.engine, "select count(distinct set_version) from evalset_runs") == 2


def test_a_new_alert_is_attributed(
    at: SimpleNamespace, tasks: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.evalsets, "anchors", lambda: ANCHORS)
    monkeypatch.setattr(tasks.evalsets, "probes", lambda: PROBES)
    with at.engine.begin() as connection:
        for number in range(1, 41):
            put.add_outcome(connection, number, 1.0)
    tasks.observe_outcomes()
    tasks.attribute_alerts()
    found = scalar(at.engine, "select attribution from alerts")
    assert found["cause"] == "undetermined"


def test_traffic_is_watched(at: SimpleNamespace, tasks: ModuleType) -> None:
    with at.engine.begin() as connection:
        put.add_rollup(connection, "simple", 40, minute=dt.datetime.now(dt.UTC))
    tasks.watch_traffic()
    assert scalar(at.engine, "select count(*) from monitors where kind = 'input'") == 1


def test_retention_cuts_the_coming_months(at: SimpleNamespace, tasks: ModuleType) -> None:
    tasks.keep_retention()
    partitions = "select count(*) from pg_class where relname ~ '_texts_y[0-9]{4}m[0-9]{2}$'"
    # This month and the next two, of two tables.
    assert scalar(at.engine, partitions) == 6


def test_a_cheaper_judge_is_put_the_anchors_too(
    at: SimpleNamespace, tasks: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.evalsets, "anchors", lambda: ANCHORS)
    at.together = FakeJudge("alternative")
    at.together.version = "cheap then strong"
    tasks.judge_anchors()
    found = rows(at.engine, "select subject, why from evalset_runs order by id")
    assert [tuple(row) for row in found] == [
        (put.JUDGE, "first judge"),
        ("cheap then strong", "first judge"),
        (put.JUDGE, "schedule"),  # by the hour, of the one that is asked
    ]
    # 40 anchors are too few to let anybody stand first.
    assert scalar(at.engine, "select alarmed from monitors where kind = 'first_judge'")
