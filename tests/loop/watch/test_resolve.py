"""An alert is resolved by itself where its evidence says that it is over, and not otherwise."""

import datetime as dt
from dataclasses import replace

import factories.rows as put
import pytest
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine

from tierwatch.loop.watch.observe import OBSERVER_LOCK
from tierwatch.loop.watch.resolve import Present, resolve_over
from tierwatch.store.locks import try_lock

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
PRESENT = Present(judge_version=put.JUDGE, models={"simple": "small-1"}, max_weight=1.0)
MISROUTE = {"tolerance": 0.05, "judge_version": put.JUDGE}


def resolve(engine: Engine, present: Present = PRESENT, now: dt.datetime = NOW) -> int:
    return resolve_over(engine=engine, present=present, now=now)


def alert(engine: Engine, kind: str, **changes: object) -> int:
    with engine.begin() as connection:
        return put.add_alert(connection, kind=kind, **changes)


def judged(engine: Engine, first: int, pairs: int, loss: float = 0.0, **changes: object) -> None:
    """Pairs that the monitors have taken, each a conversation of its own."""
    with engine.begin() as connection:
        for number in range(first, first + pairs):
            put.add_outcome(
                connection, number, loss, position=number, observation=number, **changes
            )


def why(engine: Engine) -> str:
    return str(scalar(engine, "select resolution ->> 'why' from alerts"))


def test_a_misroute_alert_ends_once_pairs_since_show_that_the_rate_fell(engine: Engine) -> None:
    judged(engine, 1, 300)
    alert(engine, "misroute", evidence=MISROUTE)
    assert resolve(engine) == 0  # what was judged before counts for nothing
    judged(engine, 301, 150)
    assert resolve(engine) == 0
    judged(engine, 451, 60)
    assert resolve(engine) == 1
    [row] = rows(engine, "select state, resolved_by, resolution from alerts")
    assert (row.state, row.resolved_by) == ("resolved", "tierwatch")
    assert row.resolution["pairs"] == 210
    assert row.resolution["misroutes"] == 0
    assert row.resolution["statistic"] >= row.resolution["level"] == 1e5
    assert "Of 210 pairs judged since, 0 were misroutes" in row.resolution["why"]
    assert scalar(engine, "select count(*) from monitors where kind = 'recovery'") == 0
    assert scalar(engine, "select count(*) from alert_events where type = 'alert.resolved'") == 1


def test_while_the_rate_stays_it_stays_open(engine: Engine) -> None:
    alert(engine, "misroute", evidence=MISROUTE)
    resolve(engine)
    for number in range(0, 400, 20):
        judged(engine, number + 1, 18)
        judged(engine, number + 19, 2, 1.0)
    assert resolve(engine) == 0
    assert scalar(engine, "select pairs from monitors where kind = 'recovery'") == 400


@pytest.mark.parametrize(
    "other", [{"tier": "standard"}, {"task_type": "sql"}, {"judge_version": "lenient"}]
)
def test_pairs_of_another_segment_or_judge_do_not_count(
    engine: Engine, other: dict[str, object]
) -> None:
    alert(engine, "misroute", evidence=MISROUTE)
    resolve(engine)
    judged(engine, 1, 400, **other)
    assert resolve(engine) == 0
    assert scalar(engine, "select pairs from monitors where kind = 'recovery'") == 0


def test_of_a_pooled_alert_all_types_count_and_an_acknowledged_one_ends_too(
    engine: Engine,
) -> None:
    alert(engine, "misroute", evidence=MISROUTE, segment="simple/*", state="acknowledged")
    resolve(engine)
    judged(engine, 1, 120, task_type="sql")
    judged(engine, 121, 120, task_type="chat")
    assert resolve(engine) == 1


def test_weights_above_the_cap_are_left_out(engine: Engine) -> None:
    alert(engine, "misroute", evidence=MISROUTE)
    resolve(engine)
    judged(engine, 1, 300, weight=3.0)
    assert resolve(engine) == 0


def test_while_the_observer_works_nothing_is_resolved(engine: Engine) -> None:
    alert(engine, "budget", cause="budget:2020-01-01", tier="", segment="all")
    with engine.begin() as connection:
        assert try_lock(connection, OBSERVER_LOCK)
        assert resolve(engine) == 0
    assert resolve(engine) == 1


def test_a_budget_alert_ends_with_its_day(engine: Engine) -> None:
    alert(engine, "budget", cause="budget:2026-11-30", tier="", segment="all")
    assert resolve(engine) == 0
    assert resolve(engine, now=NOW + dt.timedelta(hours=12)) == 1
    assert why(engine) == "2026-11-30 is over; exchanges are sampled again."


def test_input_drift_ends_with_its_policy(engine: Engine) -> None:
    alert(engine, "input_drift", cause="input_drift:p3", tier="", evidence={"policy_version": 3})
    assert resolve(engine) == 0  # no policy is stored yet
    with engine.begin() as connection:
        put.add_policy(connection, 3)
        put.put_in_force(connection, 3)
    assert resolve(engine) == 0
    with engine.begin() as connection:
        put.add_policy(connection, 4)
        connection.exec_driver_sql("update active_policy set stable_version = 4")
    assert resolve(engine) == 1
    assert why(engine).startswith("Policy 3 is no longer active")


def test_judge_and_model_alerts_end_when_another_one_is_asked(engine: Engine) -> None:
    alert(engine, "judge_drift", tier="", evidence={"judge_version": put.JUDGE})
    alert(engine, "model_drift", evidence={"model": "small-1"})
    assert resolve(engine) == 0
    assert resolve(engine, replace(PRESENT, judge_version="next")) == 1
    assert resolve(engine, replace(PRESENT, models={})) == 0
    assert resolve(engine, replace(PRESENT, models={"simple": "small-2"})) == 1


@pytest.mark.parametrize(
    ("present", "resolved"),
    [
        (PRESENT, 0),
        (replace(PRESENT, judge_version="next"), 1),
        (replace(PRESENT, models={"simple": "small-2"}), 1),
    ],
)
def test_an_alert_against_the_past_ends_with_its_judge_or_model(
    engine: Engine, present: Present, resolved: int
) -> None:
    alert(engine, "past", evidence={"judge_version": put.JUDGE, "model": "small-1"})
    assert resolve(engine, present) == resolved


@pytest.mark.parametrize("kind", ["capture", "relative"])
def test_what_no_evidence_ends_is_left_to_a_person(engine: Engine, kind: str) -> None:
    alert(engine, kind)
    judged(engine, 1, 300)
    assert resolve(engine, now=NOW + dt.timedelta(days=30)) == 0


def test_what_cannot_be_read_is_left_alone(engine: Engine) -> None:
    alert(engine, "misroute", evidence={"version": 9})
    assert resolve(engine) == 0
