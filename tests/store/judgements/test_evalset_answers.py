"""Anchors and probes keep one answer a run; None is no answer, not a wrong one."""

from typing import Any

import factories.rows as put
from sqlalchemy import Connection

from tierwatch.store.judgements.evalset_answers import (
    AnchorVerdict,
    add_anchor_verdict,
    add_probe_answer,
    anchor_verdicts,
    newest_anchor_verdicts,
    probe_results,
)
from tierwatch.store.judgements.evalset_runs import claim_run, end_run


def run(connection: Connection, *, subject: str = put.JUDGE, ended: bool = True) -> int:
    run_id = claim_run(
        connection,
        kind="anchors",
        subject=subject,
        model="judge-1",
        set_version="v1",
        why="schedule",
        every_s=None,
        fresh_after=None,
        hold_s=600.0,
    )
    assert run_id is not None
    if ended:
        end_run(connection, run_id)
    return run_id


def judged(connection: Connection, run_id: int, anchor_id: str, **changes: Any) -> None:
    columns: Any = {
        "truth": "a",
        "verdict": "a",
        "orders_agree": True,
        "longer": "b",
        "cost_usd": 0.001,
    }
    add_anchor_verdict(connection, run_id=run_id, anchor_id=anchor_id, **(columns | changes))


def test_of_no_run_nothing_was_said(connection: Connection) -> None:
    assert anchor_verdicts(connection, 1) == {}
    assert probe_results(connection, 1) == {}
    assert newest_anchor_verdicts(connection, put.JUDGE) == []


def test_an_anchor_is_judged_once_a_run(connection: Connection) -> None:
    first, second = run(connection), run(connection)
    judged(connection, first, "x", verdict="a")
    judged(connection, first, "x", verdict="b")
    judged(connection, second, "x", verdict="tie")
    assert anchor_verdicts(connection, first) == {"x": "a"}
    assert anchor_verdicts(connection, second) == {"x": "tie"}


def test_what_was_unscored_is_none(connection: Connection) -> None:
    run_id = run(connection)
    judged(connection, run_id, "y", verdict=None, orders_agree=None)
    judged(connection, run_id, "x")
    assert list(anchor_verdicts(connection, run_id).items()) == [("x", "a"), ("y", None)]
    assert newest_anchor_verdicts(connection, put.JUDGE) == [
        AnchorVerdict("x", "a", "a", orders_agree=True, longer="b", cost_usd=0.001, judges=1),
        AnchorVerdict("y", "a", None, orders_agree=None, longer="b", cost_usd=0.001, judges=1),
    ]


def test_the_newest_verdicts_are_of_a_run_that_ended(connection: Connection) -> None:
    old, new = run(connection), run(connection)
    judged(connection, old, "x", verdict="b")
    judged(connection, new, "x", verdict="a")
    other = run(connection, subject="another judge")
    judged(connection, other, "x", verdict="tie")
    open_run = run(connection, ended=False)
    judged(connection, open_run, "x", verdict="tie")
    [found] = newest_anchor_verdicts(connection, put.JUDGE)
    assert found.verdict == "a"


def test_a_probe_is_answered_once_a_run(connection: Connection) -> None:
    for probe, passed in (("b", True), ("a", False), ("c", None), ("b", False)):
        add_probe_answer(
            connection, run_id=7, probe_id=probe, passed=passed, reply="42", cost_usd=0.0
        )
    assert list(probe_results(connection, 7).items()) == [("a", False), ("b", True), ("c", None)]
    assert probe_results(connection, 8) == {}


def test_contradicting_orders_are_stored_as_ever_and_read_as_inconclusive(
    connection: Connection,
) -> None:
    of_judge = run(connection)
    judged(connection, of_judge, "x", verdict="tie", orders_agree=False)
    judged(connection, of_judge, "y", verdict="tie", orders_agree=True)
    judged(connection, of_judge, "z", verdict="tie", orders_agree=None)
    said = [one.verdict for one in newest_anchor_verdicts(connection, put.JUDGE)]
    assert said == ["inconclusive", "tie", "tie"]


def test_how_many_judges_were_asked_of_an_anchor_is_known(connection: Connection) -> None:
    run_id = run(connection)
    judged(connection, run_id, "x", asked=[{"judge": "cheap"}, {"judge": "strong"}])
    judged(connection, run_id, "y", asked=[{"judge": "cheap"}])
    assert [one.judges for one in newest_anchor_verdicts(connection, put.JUDGE)] == [2, 1]
