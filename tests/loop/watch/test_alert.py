"""An alert moves one way, and every move writes the event that notifies of it."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import factories.rows as put
import pytest
from factories import evidence as stored
from factories.decided import alert
from factories.rows import NOW
from fakes.collaborators import rows, scalar
from sqlalchemy import Connection, Engine, text

from tierwatch.errors import ConflictError, UsageError
from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence
from tierwatch.loop.watch.alert import (
    acknowledge_alert,
    add_missing_events,
    event_of,
    open_alert,
    renotify_alerts,
    resolve_alert,
    resolve_by_hand,
    silence_alert,
)
from tierwatch.store.alerts import NewAlert, load_alert

MISROUTE = NewAlert(
    cause="misroute:simple:all",
    tier="simple",
    segment="simple/all",
    summary="Answers of tier simple are worse.",
    pairs=40,
    evidence=MisrouteEvidence.from_json(stored.misroute()),
)


def events(engine: Engine) -> list[dict[str, Any]]:
    """What people are to be notified of, in order."""
    return [row.body for row in rows(engine, "select body from alert_events order by id")]


@pytest.fixture
def alert_id(engine: Engine) -> int:
    with engine.begin() as connection:
        opened = open_alert(connection, MISROUTE, opened_at_request=900)
    assert opened is not None
    return opened


@pytest.fixture
def moved(engine: Engine) -> Callable[..., None]:
    """Move an alert in a transaction of its own."""

    def run(step: Callable[..., None], alert_id: int) -> None:
        with engine.begin() as connection:
            step(connection, alert_id, actor="ada")

    return run


def test_one_alert_a_cause_is_open(engine: Engine, alert_id: int) -> None:
    with engine.begin() as connection:
        assert open_alert(connection, MISROUTE) is None
        of_code = replace(MISROUTE, cause="misroute:simple:code")
        assert open_alert(connection, of_code) is not None
    assert scalar(engine, "select count(*) from alerts") == 2
    row = rows(engine, "select actor, action, subject, detail from audit order by id")[0]
    assert tuple(row)[:3] == ("tierwatch", "alert.opened", f"alert/{alert_id}")
    assert row.detail["segment"] == "simple/all"


def test_each_move_writes_its_event_in_its_transaction(
    engine: Engine, alert_id: int, moved: Callable[..., None]
) -> None:
    moved(acknowledge_alert, alert_id)
    moved(resolve_alert, alert_id)
    found = events(engine)
    assert [(event["type"], event["event_id"], event["sequence"]) for event in found] == [
        ("alert.opened", f"{alert_id}:opened", 1),
        ("alert.acknowledged", f"{alert_id}:acknowledged", 2),
        ("alert.resolved", f"{alert_id}:resolved", 3),
    ]
    assert [event["state"] for event in found] == ["open", "acknowledged", "resolved"]
    assert scalar(engine, "select events from alerts") == 3


def test_a_change_that_is_taken_back_notifies_nobody(engine: Engine, alert_id: int) -> None:
    with engine.begin() as connection:
        resolve_alert(connection, alert_id, actor="ada")
        connection.rollback()
    assert [event["type"] for event in events(engine)] == ["alert.opened"]
    assert scalar(engine, "select state from alerts") == "open"


def test_an_event_says_what_the_alert_says(engine: Engine, alert_id: int) -> None:
    [event] = events(engine)
    for name in ("cause", "tier", "segment", "summary", "pairs"):
        assert event[name] == getattr(MISROUTE, name)
    assert event["evidence"] == MISROUTE.evidence.to_json()
    assert (event["kind"], event["opened_at_request"]) == ("misroute", 900)
    assert (event["id"], event["state"], event["severity"]) == (alert_id, "open", "critical")
    assert event["timestamp"] == event["opened_at"]


def test_an_open_alert_is_notified_again_until_somebody_acknowledges_it(
    engine: Engine, alert_id: int, moved: Callable[..., None]
) -> None:
    def again(every_s: float) -> int:
        with engine.begin() as connection:
            return renotify_alerts(connection, every_s=every_s)

    assert again(3_600) == 0
    assert (again(0), again(0), again(3_600)) == (1, 1, 0)
    [_, first, second] = events(engine)
    assert (first["type"], first["state"]) == ("alert.renotified", "open")
    assert first["event_id"] == f"{alert_id}:renotified:2"
    assert second["event_id"] == f"{alert_id}:renotified:3"
    assert first["opened_at"] < first["timestamp"] < second["timestamp"]
    moved(acknowledge_alert, alert_id)
    assert again(0) == 0


def test_what_a_version_without_an_outbox_left_is_notified_once(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_alert(connection)
        resolved = put.add_alert(
            connection,
            state="resolved",
            delivered=[{"type": "alert.opened", "deliveries": []}],
            evidence={"version": 2},
        )
        add_missing_events(connection)
        add_missing_events(connection)
    assert [event["type"] for event in events(engine)] == ["alert.opened", "alert.resolved"]
    assert events(engine)[1]["id"] == resolved


def test_who_resolved_it_and_why_is_in_the_event_and_in_the_audit(
    engine: Engine, alert_id: int
) -> None:
    why = {"why": "The rate is below what is tolerated.", "pairs": 240}
    with engine.begin() as connection:
        resolve_alert(connection, alert_id, actor="tierwatch", resolution=why)
    event = events(engine)[-1]
    assert (event["resolved_by"], event["resolution"]) == ("tierwatch", why)
    [line] = rows(engine, "select actor, detail from audit where action = 'alert.resolved'")
    assert (line.actor, line.detail) == ("tierwatch", why)


def test_acknowledging_names_who_looks_at_it(
    engine: Engine, alert_id: int, moved: Callable[..., None]
) -> None:
    moved(acknowledge_alert, alert_id)
    row = rows(engine, "select state, acknowledged_by, acknowledged_at from alerts")[0]
    assert tuple(row)[:2] == ("acknowledged", "ada")
    assert row.acknowledged_at is not None
    assert scalar(engine, "select actor from audit where action = 'alert.acknowledged'") == "ada"
    with pytest.raises(ConflictError, match=f"alert {alert_id} is acknowledged already, by ada"):
        moved(acknowledge_alert, alert_id)


def test_a_resolved_alert_stays_resolved(
    engine: Engine, alert_id: int, moved: Callable[..., None]
) -> None:
    moved(resolve_alert, alert_id)
    assert scalar(engine, "select resolved_by from alerts") == "ada"
    for step in (acknowledge_alert, resolve_alert):
        with pytest.raises(ConflictError, match="is resolved already, by ada"):
            moved(step, alert_id)
    assert scalar(engine, "select count(*) from audit where action = 'alert.resolved'") == 1


def test_an_alert_that_does_not_exist_cannot_be_moved(moved: Callable[..., None]) -> None:
    with pytest.raises(ConflictError, match="there is no alert 7"):
        moved(resolve_alert, 7)


def test_resolving_forgets_the_monitors_of_its_segment_only(
    engine: Engine, alert_id: int, moved: Callable[..., None]
) -> None:
    with engine.begin() as connection:
        for stream, tier, task in (
            ("a", "simple", "all"),
            ("b", "simple", "code"),
            ("c", "standard", "all"),
        ):
            connection.execute(
                text(
                    "insert into monitors (stream, tier, task_type, policy_version, judge_version,"
                    " state, pairs, losses, newest_request_no, alarmed)"
                    " values (:stream, :tier, :task, 1, 'j', '{}', 1, 1, 1, true)"
                ),
                {"stream": stream, "tier": tier, "task": task},
            )
    moved(resolve_alert, alert_id)
    left = [row.stream for row in rows(engine, "select stream from monitors order by 1")]
    assert left == ["b", "c"]


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("misroute", "critical"),
        ("relative", "info"),
        ("past", "warning"),
        ("budget", "warning"),
        ("capture", "warning"),
        ("input_drift", "info"),
        ("judge_drift", "warning"),
        ("model_drift", "warning"),
        ("judge_orders", "warning"),
        ("not_trusted", "critical"),
        ("no_data", "critical"),
    ],
)
def test_an_event_has_the_severity_of_its_kind_and_its_evidence(kind: str, severity: str) -> None:
    event = event_of(alert(kind))
    assert (event["kind"], event["severity"], event["type"]) == (kind, severity, "alert.opened")
    evidence = event["evidence"]
    assert isinstance(evidence, dict)
    assert evidence.items() >= stored.ALERTS[kind]().items()
    assert evidence["version"] == 1


def test_an_event_is_of_the_moment_its_state_began() -> None:
    later = NOW + dt.timedelta(hours=2)
    moved = alert(state="acknowledged", acknowledged_at=later, acknowledged_by="ada")
    event = event_of(moved)
    assert event["type"] == "alert.acknowledged"
    assert event["timestamp"] == later.isoformat()
    assert event["opened_at"] == NOW.isoformat()


def test_an_event_of_evidence_that_cannot_be_read_has_the_stored_json() -> None:
    newer = stored.misroute(version=2, hindsight=[1, 2])
    assert event_of(alert(evidence=newer))["evidence"] == newer


def test_a_person_resolves_with_a_reason(connection: Connection) -> None:
    alert_id = put.add_alert(connection)
    with pytest.raises(UsageError, match="reason"):
        resolve_by_hand(connection, alert_id, actor="ada", why=" ")
    resolve_by_hand(connection, alert_id, actor="ada", why=" the vendor mended it ")
    found = load_alert(connection, alert_id)
    assert found is not None
    assert (found.state, found.resolution) == ("resolved", {"why": "the vendor mended it"})


def test_a_silenced_alert_is_not_said_again_before_its_end(connection: Connection) -> None:
    alert_id = put.add_alert(connection)
    until = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    connection.execute(text("update alerts set opened_at = now() - interval '1 day'"))
    silence_alert(connection, alert_id, until=until, actor="ada", why="known")
    assert renotify_alerts(connection, every_s=60) == 0
    connection.execute(text("update alerts set silenced_until = now() - interval '1 s'"))
    assert renotify_alerts(connection, every_s=60) == 1
    with pytest.raises(UsageError, match="reason"):
        silence_alert(connection, alert_id, until=until, actor="ada", why="")
    with pytest.raises(ConflictError, match="there is no alert 99"):
        silence_alert(connection, 99, until=until, actor="ada", why="x")
    resolve_by_hand(connection, alert_id, actor="ada", why="x")
    with pytest.raises(ConflictError, match="is resolved already, by ada"):
        silence_alert(connection, alert_id, until=until, actor="ada", why="x")
