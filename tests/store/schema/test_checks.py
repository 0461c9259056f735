"""Anchors are judged a, b or tie, or not at all; a run is of anchors or of probes."""

from typing import Any

import pytest
from sqlalchemy import Connection, func, insert
from sqlalchemy.exc import IntegrityError

from tierwatch.store.schema.checks import AnchorVerdictRow, EvalsetRunRow


def anchor(**changes: Any) -> Any:
    columns = {
        "run_id": 1,
        "anchor_id": "x",
        "truth": "a",
        "verdict": "a",
        "orders_agree": None,
        "longer": "a",
        "cost_usd": 0.0,
    }
    return insert(AnchorVerdictRow).values(columns | changes)


def run(kind: str) -> Any:
    return insert(EvalsetRunRow).values(
        kind=kind, subject="s", model="m", set_version="v", why="", until=func.now()
    )


@pytest.mark.parametrize("verdict", ["a", "b", "tie", None])
def test_a_verdict_is_one_of_three_or_none(connection: Connection, verdict: str | None) -> None:
    connection.execute(anchor(verdict=verdict))


@pytest.mark.parametrize("verdict", ["A", "", "served"])
def test_another_word_is_no_verdict(connection: Connection, verdict: str) -> None:
    with pytest.raises(IntegrityError, match="verdict"), connection.begin_nested():
        connection.execute(anchor(verdict=verdict))


def test_runs_are_of_anchors_or_probes(connection: Connection) -> None:
    connection.execute(run("anchors"))
    connection.execute(run("probes"))
    with pytest.raises(IntegrityError, match="ck_evalset_runs_kind"), connection.begin_nested():
        connection.execute(run("labels"))
