"""PagerDuty takes what we send, and its answers mean what they mean there."""

from typing import Any

import httpx
import pytest
from factories.alert_events import KEY, SECRET_WORDS, alert_event, tried_event
from fakes.vendors import PAGERDUTY_KEY, PagerDuty

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.pagerduty import PagerDutyDestination

WRONG_LENGTH = "Length of 'routing_key' is incorrect (should be 32 characters)"


def send(vendor: PagerDuty, event: dict[str, Any], key: str = PAGERDUTY_KEY) -> Answer:
    return PagerDutyDestination(key, transport=vendor.transport).send(event)


def test_an_alert_is_one_incident_from_its_opening_to_its_end() -> None:
    vendor = PagerDuty()
    for what in ("opened", "renotified", "acknowledged", "resolved"):
        assert send(vendor, alert_event(what)) == Answer("taken", "HTTP 202")
    actions = [body["event_action"] for body in vendor.bodies]
    assert actions == ["trigger", "trigger", "acknowledge", "resolve"]
    assert {body["dedup_key"] for body in vendor.bodies} == {KEY}


def test_an_incident_says_what_where_and_since_when() -> None:
    vendor = PagerDuty()
    send(vendor, alert_event())
    [body] = vendor.bodies
    assert body["client_url"] == "https://watch.example/alerts/12"
    assert body["payload"] == {
        "summary": "misroute, standard/all: 18 % of answers are worse than the next tier's;"
        " tolerance 5 %",
        "source": "watch.example",
        "severity": "critical",
        "timestamp": "2026-11-23T10:00:00.250000+00:00",
        "component": "standard",
        "group": "standard/all",
        "class": "misroute",
        "custom_details": {
            "Severity": "critical",
            "Tier": "standard",
            "Segment": "standard/all",
            "Since": "2026-11-23T10:00:00.250000+00:00",
        },
    }
    assert SECRET_WORDS not in vendor.requests[0].content.decode()


def test_a_test_leaves_no_incident_behind() -> None:
    vendor = PagerDuty()
    assert send(vendor, tried_event()).fate == "taken"
    assert [body["event_action"] for body in vendor.bodies] == ["trigger", "resolve"]
    refused = PagerDuty(busy=[httpx.Response(500)])
    assert send(refused, tried_event()).fate == "later"
    assert len(refused.requests) == 1


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (
            "another",
            f"Event object is invalid; {WRONG_LENGTH}",
        ),
        (PAGERDUTY_KEY[::-1], "Invalid routing key"),
    ],
)
def test_a_wrong_routing_key_waits_for_whoever_mends_it(key: str, said: str) -> None:
    assert send(PagerDuty(), alert_event(), key) == Answer("away", f"HTTP 400: {said}")


def test_an_event_that_is_refused_is_named_and_not_sent_for_ever() -> None:
    said = {"message": "Event object is invalid", "errors": ["'payload' is too large"]}
    vendor = PagerDuty(busy=[httpx.Response(400, json=said)])
    answer = send(vendor, alert_event())
    assert (answer.fate, answer.detail) == (
        "never",
        "HTTP 400: Event object is invalid; 'payload' is too large",
    )


@pytest.mark.parametrize(("status", "fate"), [(429, "away"), (500, "later"), (503, "away")])
def test_a_service_that_is_busy_is_asked_again(status: int, fate: str) -> None:
    vendor = PagerDuty(busy=[httpx.Response(status, headers={"retry-after": "2"})])
    answer = send(vendor, alert_event())
    assert (answer.fate, answer.wait_s) == ("away", 2.0)
    assert send(PagerDuty(busy=[httpx.Response(status)]), alert_event()).fate == fate


def test_the_longest_words_still_fit() -> None:
    long = alert_event(summary="w" * 9_000, segment="s" * 9_000, tier="t" * 9_000)
    assert send(PagerDuty(), long).fate == "taken"


def test_another_region_has_another_base() -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(202)

    PagerDutyDestination(
        "k", url="https://events.eu.pagerduty.com/", transport=httpx.MockTransport(answer)
    ).send(alert_event())
    assert seen == ["https://events.eu.pagerduty.com/v2/enqueue"]


def test_the_key_is_never_shown() -> None:
    assert PAGERDUTY_KEY not in repr(PagerDutyDestination(PAGERDUTY_KEY))
    assert send(PagerDuty(), {"id": 1}).fate == "never"
