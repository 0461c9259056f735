"""Slack takes what we send; what is not its 'ok' is no delivery."""

import json
from typing import Any

import httpx
import pytest
from factories.alert_events import KEY, SECRET_WORDS, alert_event, tried_event
from fakes.vendors import Slack
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.slack import ACKNOWLEDGE, SlackDestination, escaped

URL = "https://hooks.slack.com/services/T000/B000/very-secret"


def send(vendor: Slack, event: dict[str, Any], *, button: bool = False) -> Answer:
    return SlackDestination(URL, button=button, transport=vendor.transport).send(event)


def buttons(body: dict[str, Any]) -> list[str]:
    found = [block["elements"] for block in body["blocks"] if block["type"] == "actions"]
    return [one["action_id"] for elements in found for one in elements]


@pytest.mark.parametrize("what", ["opened", "renotified", "acknowledged", "resolved"])
def test_each_change_is_a_message(what: str) -> None:
    vendor = Slack()
    assert send(vendor, alert_event(what)) == Answer("taken", "HTTP 200")
    [body] = vendor.bodies
    assert "18 % of answers" in body["text"]
    assert buttons(body) == ["tierwatch_open"]
    assert SECRET_WORDS not in vendor.requests[0].content.decode()


def test_an_open_alert_has_a_button_where_presses_come_back() -> None:
    vendor = Slack()
    for what in ("opened", "renotified", "acknowledged", "resolved"):
        send(vendor, alert_event(what), button=True)
    send(vendor, tried_event(), button=True)
    assert [ACKNOWLEDGE in buttons(body) for body in vendor.bodies] == [
        True,
        True,
        False,
        False,
        False,
    ]
    [button] = [
        one for one in vendor.bodies[0]["blocks"][-1]["elements"] if one["action_id"] == ACKNOWLEDGE
    ]
    assert json.loads(button["value"]) == {"alert": "12", "key": KEY}


@pytest.mark.parametrize(
    ("status", "said", "fate"),
    [
        (200, "ok", "taken"),
        (200, "<html>a proxy's page", "later"),
        (400, "invalid_payload", "never"),
        (403, "action_prohibited", "away"),
        (403, "invalid_token", "away"),
        (404, "no_service", "away"),
        (410, "channel_is_archived", "away"),
        (400, "no_active_hooks", "away"),
        (429, "rate_limited", "away"),
        (500, "rollup_error", "later"),
    ],
)
def test_what_slack_answers(status: int, said: str, fate: str) -> None:
    answer = send(Slack(busy=[httpx.Response(status, text=said)]), alert_event())
    assert answer.fate == fate
    assert answer.detail.startswith(f"HTTP {status}")


def test_a_wait_that_slack_asks_for_is_kept() -> None:
    busy = httpx.Response(429, headers={"retry-after": "30"}, text="rate_limited")
    answer = send(Slack(busy=[busy]), alert_event())
    assert (answer.fate, answer.wait_s) == ("away", 30.0)


def test_nothing_of_an_alert_becomes_a_mention_or_a_link() -> None:
    vendor = Slack()
    send(vendor, alert_event(summary="<!channel> <https://evil.example|here>", tier="<@U1>"))
    [body] = vendor.bodies
    assert "<" not in body["text"]
    texts = [block["text"] for block in body["blocks"] if "text" in block]
    assert {one["type"] for one in texts} == {"plain_text"}


@given(st.text(max_size=100))
def test_escaped_text_has_no_brackets(text: str) -> None:
    assert not {"<", ">"} & set(escaped(text))


def test_the_longest_words_still_fit() -> None:
    long = alert_event(summary="w" * 9_000, segment="s" * 9_000, tier="t" * 9_000)
    assert send(Slack(), long | {"permalink": "https://a/" + "p" * 4_000}).fate == "taken"
    assert send(Slack(), alert_event(summary="", permalink="")).fate == "taken"


def test_the_address_is_never_shown() -> None:
    assert "secret" not in repr(SlackDestination(URL))
    said = send(Slack(busy=[httpx.Response(404, text=f"no_service at {URL}")]), alert_event())
    assert said.detail == "HTTP 404: no_service at (hidden)"
    assert send(Slack(), {"id": 1}).fate == "never"
