"""Teams takes the card that we send."""

from typing import Any

import httpx
import pytest
from factories.alert_events import SECRET_WORDS, alert_event, tried_event
from fakes.vendors import Teams

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.teams import TeamsDestination, literal

URL = (
    "https://prod-1.westeurope.logic.azure.com/workflows/w/triggers/manual/paths/invoke?sig=secret"
)


def send(vendor: Teams, event: dict[str, Any]) -> Answer:
    return TeamsDestination(URL, transport=vendor.transport).send(event)


@pytest.mark.parametrize(
    ("what", "colour"),
    [("opened", "attention"), ("acknowledged", "attention"), ("resolved", "good")],
)
def test_each_change_is_a_card(what: str, colour: str) -> None:
    vendor = Teams()
    assert send(vendor, alert_event(what)) == Answer("taken", "HTTP 202")
    card = vendor.bodies[0]["attachments"][0]["content"]
    title, sentence, facts = card["body"]
    assert title["color"] == colour
    assert "misroute, standard/all" in title["text"]
    assert "worse than the next tier's" in sentence["text"]
    assert {"title": "Tier", "value": "standard"} in facts["facts"]
    assert card["actions"][0]["url"] == "https://watch.example/alerts/12"
    assert SECRET_WORDS not in vendor.requests[0].content.decode()


def test_a_test_is_a_card_too() -> None:
    assert send(Teams(), tried_event()).fate == "taken"
    assert send(Teams(), tried_event(permalink="")).fate == "taken"


@pytest.mark.parametrize(
    ("status", "fate"), [(400, "never"), (401, "away"), (404, "away"), (429, "away"), (502, "away")]
)
def test_what_teams_refuses(status: int, fate: str) -> None:
    assert send(Teams(busy=[httpx.Response(status)]), alert_event()).fate == fate


def test_nothing_of_an_alert_is_markup() -> None:
    assert literal("[a](https://b) *c* _d_") == r"\[a\]\(https://b\) \*c\* \_d\_"


def test_the_longest_words_still_fit() -> None:
    long = alert_event(summary="*" * 9_000, segment="_" * 9_000, tier="t" * 9_000)
    assert send(Teams(), long).fate == "taken"


def test_the_address_is_never_shown() -> None:
    assert "secret" not in repr(TeamsDestination(URL))
    assert send(Teams(), {"id": 1}).fate == "never"
