"""A run over an evalset is one worker's at a time, and no more often than asked for."""

import datetime as dt
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, text

from tierwatch.store.judgements.evalset_runs import claim_run, end_run, first_run, last_run

RUN: dict[str, Any] = {
    "kind": "anchors",
    "subject": put.JUDGE,
    "model": "judge-1",
    "set_version": "v1",
}
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def claim(connection: Connection, **changes: Any) -> int | None:
    options: dict[str, Any] = {
        "why": "schedule",
        "every_s": None,
        "fresh_after": None,
        "hold_s": 600.0,
    }
    return claim_run(connection, **(RUN | options | changes))


def made(connection: Connection, **changes: Any) -> int:
    """A run that has ended."""
    run_id = claim(connection, **changes)
    assert run_id is not None
    # All of a test is one transaction, whose now() stands still.
    connection.execute(
        text("update evalset_runs set started_at = clock_timestamp() where id = :id"),
        {"id": run_id},
    )
    assert end_run(connection, run_id)
    return run_id


def last(connection: Connection, **changes: Any) -> int | None:
    return last_run(connection, **(RUN | {"fresh_after": None} | changes))


def first(connection: Connection, cause: str = "judge") -> int | None:
    return first_run(connection, **RUN, cause=cause)


def test_before_the_first_run_there_is_none(connection: Connection) -> None:
    assert last(connection) is None
    assert first(connection) is None


def test_a_run_that_somebody_holds_is_left_alone(connection: Connection) -> None:
    assert claim(connection) is not None
    assert claim(connection) is None
    assert last(connection) is None


def test_a_run_whose_worker_died_is_taken_over(connection: Connection) -> None:
    begun = claim(connection, hold_s=-1.0)
    assert claim(connection) == begun
    assert claim(connection) is None


def test_a_run_ends_once(connection: Connection) -> None:
    run_id = made(connection)
    assert not end_run(connection, run_id)
    assert not end_run(connection, run_id + 1)
    assert last(connection) == first(connection) == run_id


def test_runs_are_as_far_apart_as_asked_for(connection: Connection) -> None:
    run_id = made(connection)
    connection.execute(text("update evalset_runs set started_at = now() - interval '100 seconds'"))
    assert claim(connection, every_s=120.0) is None
    assert claim(connection, every_s=90.0) not in {None, run_id}


def test_a_run_since_the_alert_is_fresh_enough(connection: Connection) -> None:
    run_id = made(connection)
    now = dt.datetime.now(dt.UTC)
    assert claim(connection, fresh_after=now - dt.timedelta(hours=1)) is None
    assert last(connection, fresh_after=now - dt.timedelta(hours=1)) == run_id
    assert last(connection, fresh_after=now + dt.timedelta(hours=1)) is None
    assert claim(connection, fresh_after=now + dt.timedelta(hours=1)) is not None


@pytest.mark.parametrize(
    "change",
    [{"kind": "probes"}, {"subject": "other"}, {"model": "judge-2"}, {"set_version": "v2"}],
    ids=lambda change: next(iter(change)),
)
def test_another_judge_model_or_set_has_runs_of_its_own(
    connection: Connection, change: dict[str, str]
) -> None:
    mine = made(connection)
    assert last(connection, **change) is None
    other = made(connection, **change)
    assert last(connection) == mine
    assert last(connection, **change) == other


def test_resolving_the_alert_makes_the_next_run_the_first(connection: Connection) -> None:
    accepted = made(connection)
    made(connection)
    assert first(connection) == accepted
    put.add_alert(
        connection, kind="judge_drift", cause="judge", state="resolved", resolved_at=LONG_AGO
    )
    assert first(connection) == accepted  # resolved before it began
    connection.execute(
        text("update alerts set resolved_at = clock_timestamp() where cause = 'judge'")
    )
    assert first(connection) is None
    anew = made(connection)
    made(connection)
    assert first(connection) == anew
    assert first(connection, cause="another") == accepted


def test_a_run_in_work_is_never_the_first_nor_the_last(connection: Connection) -> None:
    done = made(connection)
    claim(connection)
    assert first(connection) == done
    assert last(connection) is None
