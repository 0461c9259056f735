"""Of each step the last run is kept."""

import datetime as dt

from sqlalchemy import Connection, text

from tierwatch.store.step_runs import last_runs, mark_if_older, mark_run


def test_the_last_run_of_each_step_is_kept(connection: Connection) -> None:
    assert last_runs(connection) == {}
    mark_run(connection, "observe")
    connection.execute(text("update step_runs set ran_at = ran_at - interval '1 hour'"))
    mark_run(connection, "deliver")
    runs = last_runs(connection)
    assert runs["deliver"] - runs["observe"] == dt.timedelta(hours=1)
    mark_run(connection, "observe")
    assert last_runs(connection)["observe"] == runs["deliver"]


def test_a_step_is_due_once_an_interval(connection: Connection) -> None:
    assert mark_if_older(connection, "heartbeat", 60)
    assert not mark_if_older(connection, "heartbeat", 60)
    connection.execute(text("update step_runs set ran_at = ran_at - interval '61 seconds'"))
    assert mark_if_older(connection, "heartbeat", 60)
    assert not mark_if_older(connection, "heartbeat", 60)
