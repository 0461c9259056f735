"""Judge versions with what they did; runs with what was answered and what was right."""

from typing import Any

import factories.rows as put
import pytest
from factories.rows import (
    JUDGE,
    add_exchange,
    add_pair,
    add_verdict,
)
from sqlalchemy import Connection

from tierwatch.store.judgements.evalset_answers import add_anchor_verdict, add_probe_answer
from tierwatch.store.judgements.evalset_runs import claim_run, end_run
from tierwatch.store.pages.judge import SWAP_DISAGREEMENT, judge_versions, newest_runs


def test_judge_versions_count_scored_swapped_and_unscored(connection: Connection) -> None:
    add_pair(connection, 1, "tie")
    add_pair(connection, 2, None)
    swapped = add_exchange(connection, 3)
    add_verdict(connection, swapped, "tie", basis=SWAP_DISAGREEMENT)
    same = add_exchange(connection, 4)
    add_verdict(connection, same, "tie", basis="identical", orders=[], calls=0, cost_usd=0.0)

    (judge,) = judge_versions(connection)
    assert judge.judge_version == JUDGE
    assert (judge.verdicts, judge.scored, judge.swapped, judge.disagreed) == (4, 3, 2, 1)
    assert judge.by_basis == {"identical": 1, "pairwise": 1, "swap_disagreement": 1}
    [missing] = judge.unscored
    assert (missing.unscored, missing.reasons) == (1, {"unreadable": 1})
    assert judge.calls == 6
    assert judge.cost_usd == pytest.approx(0.006)


def test_a_judge_that_said_nothing_is_not_there(connection: Connection) -> None:
    assert judge_versions(connection) == []


def test_each_version_stands_for_itself_the_newest_first(connection: Connection) -> None:
    for number, (version, moment) in enumerate(
        (("old", "2026-01-01"), ("new", "2026-03-01"), ("old", "2026-02-01"))
    ):
        add_verdict(
            connection,
            add_exchange(connection, number),
            "served",
            judge_version=version,
            created_at=moment,
            cost_usd=float(number),
            latency_ms=100.0 * number,
        )
    new, old = judge_versions(connection)
    assert (new.judge_version, new.verdicts, new.cost_usd) == ("new", 1, 1.0)
    assert (old.judge_version, old.verdicts, old.cost_usd) == ("old", 2, 2.0)
    assert old.latency_ms == 100.0  # of 0 and 200
    assert (old.newest_at.month, new.newest_at.month) == (2, 3)


def test_one_order_alone_is_not_swapped(connection: Connection) -> None:
    order = {"order": "served_first", "preferred": "tie", "reason": "", "raw": ""}
    unread = order | {"preferred": None}
    for number, orders in enumerate(([], [order], [order, unread], [order, order])):
        add_verdict(connection, add_exchange(connection, number), "tie", orders=orders)
    [judge] = judge_versions(connection)
    assert (judge.verdicts, judge.swapped) == (4, 1)


def test_grounds_come_most_frequent_first(connection: Connection) -> None:
    for number, basis in enumerate(["pairwise", "identical", "empty", "identical"]):
        add_verdict(connection, add_exchange(connection, number), "tie", basis=basis)
    [judge] = judge_versions(connection)
    assert list(judge.by_basis.items()) == [("identical", 2), ("empty", 1), ("pairwise", 1)]
    assert judge.unscored == []


def test_verdicts_on_cut_texts_are_counted(connection: Connection) -> None:
    order = {"order": "served_first", "preferred": "tie", "reason": "", "raw": ""}
    whole, cut = order | {"cut": {}}, order | {"cut": {"served": 120}}
    for number, orders in enumerate(([], [order], [whole, whole], [whole, cut], [cut, cut])):
        add_verdict(connection, add_exchange(connection, number), "tie", orders=orders)
    [judge] = judge_versions(connection)
    assert (judge.verdicts, judge.cut) == (5, 2)


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
