"""Opsgenie takes what we send: open, acknowledge, close, by one alias."""

from typing import Any

import httpx
import pytest
from factories.alert_events import KEY, SECRET_WORDS, alert_event, tried_event
from fakes.vendors import OPSGENIE_KEY, Opsgenie

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.opsgenie import OpsgenieDestination


def send(vendor: Opsgenie, event: dict[str, Any], key: str = OPSGENIE_KEY) -> Answer:
    return OpsgenieDestination(key, transport=vendor.transport).send(event)


def test_an_alert_is_one_alert_from_its_opening_to_its_end() -> None:
    vendor = Opsgenie()
    for what in ("opened", "renotified", "acknowledged", "resolved"):
        assert send(vendor, alert_event(what)) == Answer("taken", "HTTP 202")
    assert [request.url.path for request in vendor.requests] == [
        "/v2/alerts",
        "/v2/alerts",
        f"/v2/alerts/{KEY}/acknowledge",
        f"/v2/alerts/{KEY}/close",
    ]
    opened, _, acknowledged, closed = vendor.bodies
    assert (opened["alias"], opened["priority"], opened["entity"]) == (KEY, "P1", "standard/all")
    assert (acknowledged["user"], closed["user"]) == ("ada", "bo")
    assert all(SECRET_WORDS not in request.content.decode() for request in vendor.requests)


def test_a_test_leaves_no_alert_behind() -> None:
    vendor = Opsgenie()
    assert send(vendor, tried_event()).fate == "taken"
    assert [request.url.path.rsplit("/", 1)[1] for request in vendor.requests] == [
        "alerts",
        "close",
    ]
    refused = Opsgenie(busy=[httpx.Response(500)])
    assert send(refused, tried_event()).fate == "later"
    assert len(refused.requests) == 1


@pytest.mark.parametrize(
    ("status", "said", "fate"),
    [
        (401, "Could not authenticate", "away"),
        (422, "Key format is not valid!", "away"),
        (422, "Message can not be empty.", "never"),
        (429, "You are making too many requests!", "away"),
        (503, "Service unavailable", "away"),
    ],
)
def test_what_it_refuses(status: int, said: str, fate: str) -> None:
    vendor = Opsgenie(busy=[httpx.Response(status, json={"message": said})])
    answer = send(vendor, alert_event())
    assert (answer.fate, answer.detail) == (fate, f"HTTP {status}: {said}")


def test_a_wrong_key_waits_for_whoever_mends_it() -> None:
    assert send(Opsgenie(), alert_event(), key="wrong").fate == "away"
    assert OPSGENIE_KEY not in repr(OpsgenieDestination(OPSGENIE_KEY))


def test_the_longest_words_still_fit() -> None:
    long = alert_event(summary="w" * 9_000, segment="s" * 9_000, tier="t" * 9_000)
    assert send(Opsgenie(), long).fate == "taken"


def test_another_region_has_another_base() -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(202)

    base = "https://api.atlassian.com/jsm/ops/integration"
    OpsgenieDestination("k", url=base, transport=httpx.MockTransport(answer)).send(alert_event())
    assert seen == [f"{base}/v2/alerts"]
    assert send(Opsgenie(), {"id": 1}).fate == "never"
