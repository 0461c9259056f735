"""An alert is one label set at Alertmanager, firing until it is resolved here."""

import datetime as dt
from typing import Any

import httpx
import pytest
from factories.alert_events import KEY, OPENED_AT, SECRET_WORDS, alert_event, tried_event
from fakes.vendors import Alertmanager

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.alertmanager import AlertmanagerDestination

URL = "http://alertmanager.example:9093"


def send(vendor: Alertmanager, event: dict[str, Any], **made: Any) -> Answer:
    return AlertmanagerDestination(URL, transport=vendor.transport, **made).send(event)


def ends_in(body: list[dict[str, Any]]) -> dt.timedelta:
    return dt.datetime.fromisoformat(body[0]["endsAt"]) - dt.datetime.now(dt.UTC)


def test_what_an_alert_becomes_never_makes_another_alert_of_it() -> None:
    vendor = Alertmanager()
    for what in ("opened", "renotified", "acknowledged", "resolved"):
        changed = alert_event(what, summary=f"{what}: other words", pairs=9)
        assert send(vendor, changed) == Answer("taken", "HTTP 200")
    labels = [body[0]["labels"] for body in vendor.bodies]
    assert labels == [labels[0]] * 4
    assert labels[0] == {
        "alertname": "TierwatchMisroute",
        "severity": "critical",
        "tier": "standard",
        "segment": "standard/all",
        "tierwatch_alert": KEY,
    }
    assert {body[0]["startsAt"] for body in vendor.bodies} == {OPENED_AT.replace("Z", "+00:00")}
    assert vendor.bodies[2][0]["annotations"]["acknowledged_by"] == "ada"


def test_it_fires_for_a_day_unless_it_is_posted_again_and_ends_when_it_was_resolved() -> None:
    vendor = Alertmanager()
    for what in ("opened", "acknowledged"):
        send(vendor, alert_event(what))
        assert dt.timedelta(hours=23) < ends_in([vendor.bodies[-1][0]]) <= dt.timedelta(days=1)
    send(vendor, alert_event("resolved"))
    assert vendor.bodies[-1][0]["endsAt"] == "2026-11-23T15:00:00.250000+00:00"


@pytest.mark.parametrize(
    "changes",
    [
        {"timestamp": "2026-11-23T09:00:00+00:00"},  # a clock that went back
        {"opened_at": "2999-01-01T00:00:00+00:00"},  # and one that is ahead
        {"opened_at": "2026-11-23T10:00:00", "timestamp": "2026-11-23T10:00:00"},
        {"opened_at": "never", "timestamp": "at some time"},
        {"opened_at": None},
    ],
)
def test_times_that_make_no_sense_are_still_taken(changes: dict[str, Any]) -> None:
    vendor = Alertmanager()
    assert send(vendor, alert_event("resolved", **changes)).fate == "taken"
    assert ends_in(vendor.bodies[0]) <= dt.timedelta(0)


def test_labels_of_the_file_are_added_and_a_token_is_shown() -> None:
    vendor = Alertmanager()
    send(vendor, alert_event(), labels={"team": "search"}, token="t0ken")
    assert vendor.bodies[0][0]["labels"]["team"] == "search"
    assert vendor.requests[0].headers["authorization"] == "Bearer t0ken"
    assert str(vendor.requests[0].url) == f"{URL}/api/v2/alerts"
    assert vendor.requests[0].headers["content-type"] == "application/json"


def test_no_label_is_empty_and_no_question_is_sent() -> None:
    vendor = Alertmanager()
    send(vendor, alert_event(tier="", segment="", summary="", permalink=""))
    [alert] = vendor.bodies[0]
    assert set(alert["labels"]) == {"alertname", "severity", "tierwatch_alert"}
    assert "generatorURL" not in alert
    assert all(alert["annotations"].values())
    assert SECRET_WORDS not in vendor.requests[0].content.decode()


def test_a_test_fires_for_some_minutes() -> None:
    vendor = Alertmanager()
    assert send(vendor, tried_event()).fate == "taken"
    assert dt.timedelta(minutes=4) < ends_in(vendor.bodies[0]) <= dt.timedelta(minutes=5)
    assert vendor.bodies[0][0]["labels"]["alertname"] == "TierwatchTest"


def test_what_stands_is_one_request() -> None:
    vendor = Alertmanager()
    here = AlertmanagerDestination(URL, transport=vendor.transport)
    assert here.send_all([alert_event(), alert_event(id=13)]).fate == "taken"
    assert [len(body) for body in vendor.bodies] == [2]


def test_a_refusal_is_named_without_our_secrets() -> None:
    said = httpx.Response(400, json=f"invalid label set from {URL}")
    answer = send(Alertmanager(busy=[said]), alert_event())
    assert (answer.fate, answer.detail) == ("never", 'HTTP 400: "invalid label set from (hidden)"')
    assert send(Alertmanager(busy=[httpx.Response(503)]), alert_event()).fate == "away"
    assert send(Alertmanager(), {"id": 1}).fate == "never"
    assert "9093" not in repr(AlertmanagerDestination(URL))
