"""How far a new system has come."""

from dataclasses import fields

import factories.rows as put
import pytest
from sqlalchemy import Connection, text

from tierwatch.store.pages.entrance.first_run import REACHED, Reached
from tierwatch.store.reading.one_row import read_part

RUN = text(
    "insert into evalset_runs (kind, subject, model, set_version, why, until, ended_at)"
    " values (:kind, 's', 'm', 'v', 'test', now(), :ended)"
)


def so_far(*names: str) -> Reached:
    return Reached(**{field.name: field.name in names for field in fields(Reached)})


def test_it_comes_step_by_step(connection: Connection) -> None:
    assert read_part(connection, REACHED) == so_far()
    put.add_rollup(connection, "simple", 0)
    assert not read_part(connection, REACHED).served
    put.add_rollup(connection, "standard", 3)
    assert read_part(connection, REACHED) == so_far("served")
    pair = put.add_exchange(connection, 1)
    assert read_part(connection, REACHED) == so_far("served", "sampled")
    put.add_shadow(connection, pair)
    put.add_verdict(connection, pair, "tie")
    assert read_part(connection, REACHED) == so_far("served", "sampled", "judged")


@pytest.mark.parametrize(
    ("kind", "ended", "anchored"),
    [("anchors", None, False), ("probes", "now", False), ("anchors", "now", True)],
)
def test_only_a_whole_run_of_anchors_says_how_good_the_judge_is(
    connection: Connection, kind: str, ended: str | None, *, anchored: bool
) -> None:
    connection.execute(RUN, {"kind": kind, "ended": ended})
    assert read_part(connection, REACHED).anchored is anchored
