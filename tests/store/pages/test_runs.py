"""Runs on the judge page: the newest that ended, with what was answered and what was right."""

from typing import Any

import factories.rows as put
from sqlalchemy import Connection

from tierwatch.store.judgements.evalset_answers import add_anchor_verdict, add_probe_answer
from tierwatch.store.judgements.evalset_runs import claim_run, end_run
from tierwatch.store.pages.runs import newest_runs


def run(connection: Connection, *, ended: bool = True, **changes: Any) -> int:
    options: dict[str, Any] = {
        "kind": "anchors",
        "subject": put.JUDGE,
        "model": "judge-1",
        "set_version": "v1",
        "why": "schedule",
        "every_s": None,
        "fresh_after": None,
        "hold_s": 60.0,
    }
    run_id = claim_run(connection, **(options | changes))
    assert run_id is not None
    if ended:
        end_run(connection, run_id)
    return run_id


def test_before_the_first_run_the_list_is_empty(connection: Connection) -> None:
    run(connection, ended=False)
    assert newest_runs(connection) == []


def test_unscored_items_are_neither_answered_nor_right(connection: Connection) -> None:
    anchors, probes = run(connection), run(connection, kind="probes", subject="simple", why="alert")
    for anchor, verdict in (("x", "a"), ("y", "b"), ("z", None)):
        add_anchor_verdict(
            connection,
            run_id=anchors,
            anchor_id=anchor,
            truth="a",
            verdict=verdict,
            orders_agree=None,
            longer="a",
            cost_usd=0.0,
        )
    for probe, passed in (("p", True), ("q", True), ("r", False), ("s", None)):
        add_probe_answer(
            connection, run_id=probes, probe_id=probe, passed=passed, reply="", cost_usd=0.0
        )
    found = newest_runs(connection)
    assert [(line.kind, line.subject, line.why) for line in found] == [
        ("probes", "simple", "alert"),
        ("anchors", put.JUDGE, "schedule"),
    ]
    assert [(line.items, line.good) for line in found] == [(3, 2), (2, 1)]


def test_the_newest_come_first_and_no_more_than_asked_for(connection: Connection) -> None:
    for number in range(4):
        run(connection, model=f"judge-{number}")
    run(connection, model="judge-9", ended=False)
    assert [line.model for line in newest_runs(connection, limit=2)] == ["judge-3", "judge-2"]
    assert all(line.items == 0 for line in newest_runs(connection))
