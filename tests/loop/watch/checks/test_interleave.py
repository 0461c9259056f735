"""Interleaved runs: a few items an hour, each once, and a change seen before the end."""

from typing import Any

import factories.evalsets as sets
import pytest
from factories.evalsets import ANCHORS, TruthfulJudge
from fakes.collaborators import rows, scalar
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from tierwatch.loop.watch.alert import resolve_alert
from tierwatch.loop.watch.checks.anchors import interleave_anchors, judge_anchors
from tierwatch.loop.watch.checks.interleave import due_items, hourly

DAY = 86_400.0


@pytest.fixture
def judge(engine: Engine) -> TruthfulJudge:
    """A judge that was asked the whole set at first."""
    found = TruthfulJudge()
    ask(engine, found)
    assert found.asked == 40
    found.asked = 0
    return found


def ask(engine: Engine, judge: TruthfulJudge, **changes: Any) -> int:
    options: dict[str, Any] = {"every_s": DAY} | changes
    return interleave_anchors(engine=engine, judge=judge, anchors=ANCHORS, **options)


def wait(engine: Engine, hours: float) -> None:
    """As if the runs had begun so much earlier."""
    with engine.begin() as connection:
        connection.execute(
            text("update evalset_runs set started_at = started_at - make_interval(secs => :s)"),
            {"s": 3_600 * hours},
        )


def test_a_day_asks_the_whole_set_once_evenly(engine: Engine, judge: TruthfulJudge) -> None:
    wait(engine, 24)
    asked = [ask(engine, judge)]
    for _ in range(24):
        wait(engine, 1)
        asked.append(ask(engine, judge))
    # 40 anchors in 24 hours: one or two an hour, and with a new run nothing at once.
    assert sum(asked) == judge.asked == 40
    assert max(asked) <= 2
    assert scalar(engine, "select count(*) from evalset_runs where ended_at is not null") == 2
    wait(engine, 12)
    assert ask(engine, judge) == 0  # the next run begins
    wait(engine, 12)
    assert ask(engine, judge) == 20


def test_a_changed_judge_is_seen_within_hours(engine: Engine, judge: TruthfulJudge) -> None:
    judge.changed = lambda number: "alternative" if number >= 20 else None
    ask(engine, judge)
    hours = 0
    while scalar(engine, "select count(*) from alerts") == 0:
        wait(engine, 1)
        ask(engine, judge)
        hours += 1
        assert hours < 24
    [alert] = rows(engine, "select * from alerts")
    assert alert.kind == "judge_drift"
    # All that flipped since, not those of the last hour alone.
    assert alert.evidence["flips"] == alert.evidence["items"] >= 10
    assert f"{alert.evidence['flips']} of {alert.evidence['items']} anchors" in alert.summary


def test_an_accepted_judge_is_asked_the_whole_set_anew(
    engine: Engine, judge: TruthfulJudge
) -> None:
    judge.changed = lambda number: "alternative" if number >= 20 else None
    ask(engine, judge)
    wait(engine, 23)
    ask(engine, judge)
    with engine.begin() as connection:
        resolve_alert(connection, scalar(engine, "select id from alerts"), actor="ada")
    judge.asked = 0
    assert ask(engine, judge) == 40
    wait(engine, 23)
    ask(engine, judge)
    assert scalar(engine, "select count(*) from alerts where state = 'open'") == 0


def test_an_alert_asks_the_whole_set_though_a_run_is_half_through(
    engine: Engine, judge: TruthfulJudge
) -> None:
    ask(engine, judge)
    wait(engine, 12)
    ask(engine, judge)
    judge.asked = 0
    since = scalar(engine, "select now()")
    found = judge_anchors(
        engine=engine, judge=judge, anchors=ANCHORS, why="alert 1", fresh_after=since
    )
    assert found is not None
    assert found.compared
    assert (judge.asked, len(found.after)) == (40, 40)


@pytest.mark.parametrize(
    "changes",
    [{"budget_usd_per_day": 0.0}, {"stopping": lambda: True}],
    ids=["budget", "stopping"],
)
def test_nothing_is_asked_without_money_or_on_the_way_out(
    engine: Engine, judge: TruthfulJudge, changes: dict[str, Any]
) -> None:
    ask(engine, judge)
    wait(engine, 6)
    assert ask(engine, judge, **changes) == 0
    assert judge.asked == 0
    assert ask(engine, judge) == 10  # and all of it later


def test_what_a_provider_did_not_answer_is_asked_again(
    engine: Engine, judge: TruthfulJudge
) -> None:
    ask(engine, judge)
    wait(engine, 6)
    judge.fails = 4
    assert ask(engine, judge) == 6
    assert ask(engine, judge) == 4


def test_a_slice_that_another_worker_has_is_left_to_it(
    engine: Engine, judge: TruthfulJudge
) -> None:
    ask(engine, judge)
    wait(engine, 6)
    with engine.begin() as connection:
        connection.execute(text("update evalset_runs set until = now() + interval '1 min'"))
    assert ask(engine, judge) == 0


@given(st.floats(0, 5e5), st.integers(1, 50))
def test_what_is_due_grows_with_time_and_is_never_asked_twice(age: float, run: int) -> None:
    items = sets.ANCHORS.items
    due = due_items(items, (), run_id=run, age_s=age, every_s=DAY)
    assert len(due) == min(40, int(40 * age / DAY + 1e-9))
    later = due_items(items, {one.id for one in due}, run_id=run, age_s=age + 7_200, every_s=DAY)
    assert not {one.id for one in due} & {one.id for one in later}
    assert len(due) + len(later) == min(40, int(40 * (age + 7_200) / DAY + 1e-9))


def test_each_run_has_an_order_of_its_own() -> None:
    orders = {
        tuple(
            one.id for one in due_items(ANCHORS.items, (), run_id=run, age_s=DAY / 2, every_s=DAY)
        )
        for run in range(5)
    }
    assert len(orders) == 5


def test_the_hourly_set_is_another_one_than_the_whole() -> None:
    whole = {"kind": "probes", "subject": "simple", "model": "m", "set_version": "v"}
    assert hourly(whole) != whole
    assert hourly(whole) | {"set_version": "v"} == whole
