import datetime as dt
from collections.abc import Mapping

from factories.rows import NOW, add_alert
from sqlalchemy import Connection, insert

from tierwatch.store.incidents.failing_probes import FailingProbe, failing_probes
from tierwatch.store.schema.checks import EvalsetRunRow, ProbeAnswerRow

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def run(
    connection: Connection, at: dt.datetime, passed: Mapping[str, bool | None], **changes: object
) -> int:
    """A run of probes of ``simple``, with a reply of each that names its moment."""
    columns = {
        "kind": "probes", "subject": "simple", "model": "small-1", "set_version": "probes/1",
        "why": "schedule", "started_at": at, "ended_at": at + HOUR, "until": at + HOUR,
    }  # fmt: skip
    run_id = connection.execute(
        insert(EvalsetRunRow).values(columns | changes).returning(EvalsetRunRow.id)
    ).scalar_one()
    for probe, done in passed.items():
        connection.execute(
            insert(ProbeAnswerRow).values(
                run_id=run_id, probe_id=probe, passed=done, reply=f"{probe} at {at:%d}",
                cost_usd=0.0,
            )
        )  # fmt: skip
    return run_id


def test_what_was_passed_at_first_and_fails_now_is_listed(connection: Connection) -> None:
    run(connection, NOW - 9 * DAY, {"a": True, "b": True, "c": False, "d": True})
    run(connection, NOW, {"a": False, "b": True, "c": False, "d": None})
    found = failing_probes(connection, "simple", since=NOW - HOUR, until=NOW + DAY)
    assert found is not None
    assert found.passed_at_first == 2  # d was not answered
    assert found.failing == (FailingProbe("a", "probes/1", "a at 14", "a at 23"),)


def test_the_newest_answer_of_each_probe_counts_whatever_its_run(connection: Connection) -> None:
    run(connection, NOW - 9 * DAY, {"a": True, "b": True})
    run(connection, NOW - 2 * HOUR, {"a": False, "b": False})
    run(connection, NOW, {"a": True}, ended_at=None)
    found = failing_probes(connection, "simple", since=NOW - DAY, until=NOW + DAY)
    assert found is not None
    assert [one.id for one in found.failing] == ["b"]


def test_there_is_nothing_to_compare_in_a_first_run_or_of_another_model(
    connection: Connection,
) -> None:
    assert failing_probes(connection, "simple", since=NOW - DAY, until=NOW) is None
    run(connection, NOW - 9 * DAY, {"a": True}, model="older")
    run(connection, NOW, {"a": False})
    assert failing_probes(connection, "simple", since=NOW - DAY, until=NOW) is None


def test_resolving_an_alert_accepts_the_model_as_it_is(connection: Connection) -> None:
    run(connection, NOW - 9 * DAY, {"a": True})
    add_alert(
        connection, kind="model_drift", state="resolved", resolved_at=NOW - 5 * DAY,
        opened_at=NOW - 6 * DAY,
    )  # fmt: skip
    run(connection, NOW - 4 * DAY, {"a": False})
    run(connection, NOW, {"a": False})
    assert failing_probes(connection, "simple", since=NOW - DAY, until=NOW + DAY) is None
