"""Anchors are judged once a run, compared with the first run, and a changed judge is told."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import factories.rows as put
import pytest
from factories.evalsets import ANCHORS, TruthfulJudge
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.loop.watch.alert import resolve_alert
from tierwatch.loop.watch.checks.anchors import AnchorRun, judge_anchors


def run(engine: Engine, judge: TruthfulJudge, **changes: Any) -> AnchorRun | None:
    options: dict[str, Any] = {"why": "test"}
    return judge_anchors(engine=engine, judge=judge, anchors=ANCHORS, **(options | changes))


@pytest.fixture
def judge() -> TruthfulJudge:
    return TruthfulJudge()


def test_every_anchor_is_judged_once_and_kept(engine: Engine, judge: TruthfulJudge) -> None:
    first = run(engine, judge)
    assert first is not None
    assert judge.asked == 40
    assert first.before == first.after
    assert first.after["anchor-003"] == "b"
    found = rows(engine, "select truth, verdict, orders_agree, longer from anchor_verdicts")
    assert len(found) == 40
    assert all(row.truth == row.verdict and row.orders_agree for row in found)
    # "something else" has more characters than "4", "it is 31" more than "31".
    assert {(row.truth, row.longer) for row in found} == {("b", "a"), ("tie", "b")}
    assert scalar(engine, "select count(*) from alerts") == 0
    assert scalar(engine, "select count(*) from monitors") == 0  # nothing to compare with yet


def test_a_run_is_made_when_it_is_due_and_not_before(engine: Engine, judge: TruthfulJudge) -> None:
    first = run(engine, judge, every_s=3600.0)
    again = run(engine, judge, every_s=3600.0)
    assert first is not None
    assert again == first
    assert judge.asked == 40
    with engine.begin() as connection:
        connection.execute(text("update evalset_runs set started_at = now() - interval '61 min'"))
    run(engine, judge, every_s=3600.0)
    assert judge.asked == 80


def test_a_run_that_is_fresh_enough_is_used_again(engine: Engine, judge: TruthfulJudge) -> None:
    run(engine, judge)
    before = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    shared = run(engine, judge, fresh_after=before)
    assert shared is not None
    assert judge.asked == 40
    later = run(engine, judge, fresh_after=dt.datetime.now(dt.UTC))
    assert judge.asked == 80
    assert later is not None
    assert later.run_id > shared.run_id


def test_a_run_that_another_worker_holds_is_left_alone(
    engine: Engine, judge: TruthfulJudge
) -> None:
    run(engine, judge)
    with engine.begin() as connection:
        connection.execute(text("update evalset_runs set ended_at = null"))
    assert run(engine, judge) is None
    # Its worker died: what is missing is asked again, and nothing else.
    with engine.begin() as connection:
        connection.execute(text("update evalset_runs set until = now() - interval '1 s'"))
        connection.execute(text("delete from anchor_verdicts where anchor_id >= 'anchor-030'"))
    assert run(engine, judge) is not None
    assert judge.asked == 50
    assert scalar(engine, "select count(*) from anchor_verdicts") == 40


def test_a_judge_that_repeats_itself_is_left_in_peace(engine: Engine, judge: TruthfulJudge) -> None:
    for _ in range(5):
        run(engine, judge)
    assert scalar(engine, "select count(*) from alerts") == 0
    found = rows(engine, "select stream, pairs, losses from monitors order by stream")
    # Four runs after the first: 20 anchors it called worse, 20 it did not.
    assert [tuple(row) for row in found] == [
        ("judge|to_not_worse|fake/v1", 80, 0.0),
        ("judge|to_worse|fake/v1", 80, 0.0),
    ]


@pytest.mark.parametrize(
    ("changed", "direction"),
    [
        (lambda number: "alternative" if number >= 20 else None, "to_worse"),
        (lambda number: "tie" if number < 20 else None, "to_not_worse"),
    ],
    ids=["stricter", "milder"],
)
def test_a_changed_judge_is_told_once_with_its_direction(
    engine: Engine,
    judge: TruthfulJudge,
    changed: Callable[[int], str | None],
    direction: str,
) -> None:
    run(engine, judge)
    judge.changed = changed
    ended = run(engine, judge)
    run(engine, judge)
    assert ended is not None
    assert ended.before != ended.after
    [alert] = rows(engine, "select * from alerts")
    assert (alert.kind, alert.segment) == ("judge_drift", "judge")
    assert alert.evidence["direction"] == direction
    assert (alert.evidence["flips"], alert.evidence["items"]) == (20, 20)
    assert "20 of 20 anchors" in alert.summary


def test_resolving_the_alert_accepts_the_judge_as_it_is_now(
    engine: Engine, judge: TruthfulJudge
) -> None:
    run(engine, judge)
    judge.changed = lambda number: "alternative" if number >= 20 else None
    run(engine, judge)
    alert_id = scalar(engine, "select id from alerts")
    with engine.begin() as connection:
        resolve_alert(connection, alert_id, actor="ada")
    assert scalar(engine, "select count(*) from monitors") == 0
    accepted = run(engine, judge)
    assert accepted is not None
    assert accepted.before == accepted.after
    run(engine, judge)
    assert scalar(engine, "select count(*) from alerts") == 1


def test_an_anchor_that_was_not_answered_is_left_out(engine: Engine, judge: TruthfulJudge) -> None:
    judge.fails = 3
    ended = run(engine, judge)
    assert ended is not None
    assert len(ended.after) == 37
    assert scalar(engine, "select ended_at is not null from evalset_runs")


def test_a_run_with_too_few_answers_is_taken_up_again_and_is_no_baseline(
    engine: Engine, judge: TruthfulJudge
) -> None:
    judge.fails = 10  # of 40: more than one in ten
    assert run(engine, judge) is None
    assert scalar(engine, "select ended_at from evalset_runs") is None
    assert run(engine, judge) is None  # still held
    with engine.begin() as connection:
        connection.execute(text("update evalset_runs set until = now() - interval '1 s'"))
    whole = run(engine, judge)
    assert whole is not None
    assert len(whole.after) == 40
    assert judge.asked == 50
    assert scalar(engine, "select count(*) from evalset_runs") == 1


def test_a_spent_budget_puts_a_scheduled_run_off_and_not_one_that_an_alert_asks_for(
    engine: Engine, judge: TruthfulJudge
) -> None:
    with engine.begin() as connection:
        put.add_pair(connection, 1)  # costs 0.012 USD
    assert run(engine, judge, every_s=1.0, budget_usd_per_day=0.01) is None
    assert judge.asked == 0
    assert run(engine, judge, fresh_after=dt.datetime.now(dt.UTC)) is not None


def test_a_process_that_is_asked_to_end_gives_its_run_back_to_be_finished(
    engine: Engine, judge: TruthfulJudge
) -> None:
    """A set of anchors takes minutes; a stop waits for those that are being judged, no more."""
    assert run(engine, judge, stopping=lambda: judge.asked >= 5) is None
    begun = judge.asked
    assert 5 <= begun < 40
    assert scalar(engine, "select count(*) from evalset_runs where ended_at is not null") == 0
    taken_up = run(engine, judge)  # at once: nobody holds it
    assert taken_up is not None
    assert judge.asked == 40
    assert scalar(engine, "select count(*) from evalset_runs") == 1


def test_a_run_whose_last_answers_came_before_the_stop_is_ended(
    engine: Engine, judge: TruthfulJudge
) -> None:
    assert run(engine, judge, stopping=lambda: judge.asked >= 40) is not None
