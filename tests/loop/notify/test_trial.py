"""A test reaches every destination at once, and says what each answered."""

import datetime as dt
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from fakes.receiver import FakeDestination
from sqlalchemy import Connection, text

from tierwatch.loop.notify.trial import Trial, add_test_audit, send_test
from tierwatch.notify.answer import Answer

OURS = "not sent: ValueError in tierwatch; see its log"
NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)


def test_each_destination_is_sent_the_same_event_and_answers() -> None:
    ops = FakeDestination("ops", answers=[Answer("away", "HTTP 503")])
    log = FakeDestination("log", kind="log")
    broken = FakeDestination("broken", answers=[ValueError("ours")])
    assert send_test([log, ops, broken], site="https://w", actor="ada", now=NOW) == [
        Trial("log", "log", taken=True, answer="HTTP 200"),
        Trial("ops", "webhook", taken=False, answer="HTTP 503"),
        Trial(
            "broken",
            "webhook",
            taken=False,
            answer="not sent: ValueError in tierwatch; see its log",
        ),
    ]
    [event] = ops.events
    assert log.events == [event]
    assert (event["type"], event["severity"]) == ("alert.test", "info")
    assert event["event_id"] == f"{event['id']}:test"
    assert event["timestamp"] == NOW.isoformat()
    assert event["permalink"] == "https://w/alerts"
    assert "asked for by ada" in event["summary"]


def test_two_tests_are_two_events() -> None:
    log = FakeDestination("log")
    for _ in range(2):
        send_test([log], site="", actor="ada", now=NOW)
    assert len(set(log.ids)) == 2


def test_destinations_are_asked_at_once() -> None:
    both = threading.Barrier(2, timeout=10)

    @dataclass
    class Meets:
        name: str
        kind: str = "webhook"

        def send(self, event: Mapping[str, Any]) -> Answer:
            both.wait()
            return Answer("taken", str(event["type"]))

    trials = send_test([Meets("a"), Meets("b")], site="", actor="ada", now=NOW)
    assert [trial.taken for trial in trials] == [True, True]


def test_without_destinations_nothing_is_sent() -> None:
    assert send_test([], site="", actor="ada", now=NOW) == []


@pytest.mark.parametrize("name", ["ops", "action", "connection", "named", "self"])
def test_who_tested_and_what_was_answered_is_in_the_audit(
    connection: Connection, name: str
) -> None:
    """Whatever the destination is called: its name is the operator's choice."""
    add_test_audit(
        connection, [Trial(name, "webhook", taken=False, answer="HTTP 503")], actor="ada"
    )
    row = connection.execute(text("select actor, action, subject, detail from audit")).one()
    assert tuple(row) == ("ada", "notifications.tested", "notifications", {name: "HTTP 503"})
