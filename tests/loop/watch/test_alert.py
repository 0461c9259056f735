"""An alert moves one way, and every move is told to the destinations once."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import factories.rows as put
import pytest
from factories import evidence as stored
from factories.decided import alert
from factories.rows import NOW
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.errors import ConflictError
from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence
from tierwatch.loop.watch.alert import (
    acknowledge_alert,
    deliver_alerts,
    event_of,
    open_alert,
    resolve_alert,
)
from tierwatch.store.alerts import NewAlert

MISROUTE = NewAlert(
    cause="misroute:simple:all",
    tier="simple",
    segment="simple/all",
    summary="Answers of tier simple are worse.",
    pairs=40,
    evidence=MisrouteEvidence.from_json(stored.misroute()),
)


class Destinations:
    """Keeps what it was told; says of each event what became of it."""

    def __init__(self, *, error: str = "") -> None:
        self.events: list[dict[str, Any]] = []
        self.error = error

    def __call__(self, event: dict[str, Any]) -> Sequence[dict[str, Any]]:
        self.events.append(event)
        return [{"to": "https://ops.example", "ok": not self.error, "error": self.error}]


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


def test_each_move_is_told_once(engine: Engine, alert_id: int, moved: Callable[..., None]) -> None:
    told = Destinations()
    assert deliver_alerts(engine=engine, deliver=told) == 1
    assert deliver_alerts(engine=engine, deliver=told) == 0
    moved(acknowledge_alert, alert_id)
    assert deliver_alerts(engine=engine, deliver=told) == 1
    moved(resolve_alert, alert_id)
    assert deliver_alerts(engine=engine, deliver=told) == 1
    assert deliver_alerts(engine=engine, deliver=told) == 0
    types = ["alert.opened", "alert.acknowledged", "alert.resolved"]
    assert [event["type"] for event in told.events] == types
    delivered = scalar(engine, "select delivered from alerts")
    assert [item["type"] for item in delivered] == types
    assert delivered[0]["deliveries"] == [{"to": "https://ops.example", "ok": True, "error": ""}]


def test_an_event_says_what_the_alert_says(engine: Engine, alert_id: int) -> None:
    told = Destinations()
    deliver_alerts(engine=engine, deliver=told)
    [event] = told.events
    for name in ("cause", "tier", "segment", "summary", "pairs"):
        assert event[name] == getattr(MISROUTE, name)
    assert event["evidence"] == MISROUTE.evidence.to_json()
    assert (event["kind"], event["opened_at_request"]) == ("misroute", 900)
    assert (event["id"], event["state"], event["severity"]) == (alert_id, "open", "critical")
    assert event["timestamp"] == event["opened_at"]


def test_a_delivery_that_failed_is_written_down_and_not_repeated(
    engine: Engine, alert_id: int
) -> None:
    told = Destinations(error="HTTP 503")
    deliver_alerts(engine=engine, deliver=told)
    deliver_alerts(engine=engine, deliver=told)
    assert len(told.events) == 1
    kept = scalar(engine, "select delivered from alerts where id = :id", id=alert_id)
    assert kept[0]["deliveries"][0] == {
        "to": "https://ops.example",
        "ok": False,
        "error": "HTTP 503",
    }


def test_two_workers_do_not_both_tell(engine: Engine, alert_id: int) -> None:
    inner = Destinations()
    sent_by_second = []

    def meanwhile(event: dict[str, Any]) -> Sequence[dict[str, Any]]:
        sent_by_second.append(deliver_alerts(engine=engine, deliver=inner))
        return []

    assert deliver_alerts(engine=engine, deliver=meanwhile) == 1
    assert sent_by_second == [0]
    assert inner.events == []


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


def test_a_budget_alert_is_a_warning(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_alert(connection, kind="budget", cause="budget:2026-11-23", tier="", segment="all")
    told = Destinations()
    deliver_alerts(engine=engine, deliver=told)
    assert told.events[0]["severity"] == "warning"


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("misroute", "critical"),
        ("relative", "info"),
        ("budget", "warning"),
        ("capture", "warning"),
        ("input_drift", "warning"),
        ("judge_drift", "warning"),
        ("model_drift", "warning"),
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


@pytest.mark.parametrize(
    "kept", ["5", '"text"', "{}", "[1, null]", '[{"type": "alert.opened"}, 7]']
)
def test_a_broken_list_of_deliveries_keeps_no_alert_from_being_notified(
    engine: Engine, alert_id: int, kept: str
) -> None:
    broken = text("update alerts set delivered = cast(:kept as jsonb)")
    other = replace(MISROUTE, cause="misroute:standard:all", tier="standard")
    with engine.begin() as connection:
        connection.execute(broken, {"kept": kept})
        second = open_alert(connection, other, opened_at_request=901)
    told = Destinations()
    known = 1 if "opened" in kept else 2
    assert deliver_alerts(engine=engine, deliver=told) == known
    assert deliver_alerts(engine=engine, deliver=told) == 0
    assert told.events[-1]["id"] == second
    if known == 2:
        delivered = scalar(engine, "select delivered from alerts where id = :id", id=alert_id)
        assert [item["type"] for item in delivered] == ["alert.opened"]
