"""The words of an event, and the one name of its alert."""

from typing import Any

import pytest
from factories.alert_events import KEY, SECRET_WORDS, alert_event, tried_event
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.notify.channels.message import incident_key, message_of, one_line


@pytest.mark.parametrize(
    ("what", "action", "title"),
    [
        ("opened", "trigger", "misroute, standard/all"),
        ("renotified", "trigger", "Still open: misroute, standard/all"),
        ("acknowledged", "acknowledge", "Acknowledged: misroute, standard/all"),
        ("resolved", "resolve", "Resolved: misroute, standard/all"),
    ],
)
def test_each_change_of_an_alert_has_its_action_and_title(
    what: str, action: str, title: str
) -> None:
    message = message_of(alert_event(what))
    assert (message.action, message.title) == (action, title)
    assert message.sentence.startswith("18 % of answers are worse")
    assert message.link == "https://watch.example/alerts/12"


def test_a_message_has_tier_segment_since_and_who() -> None:
    facts = dict(message_of(alert_event("resolved")).facts)
    assert facts == {
        "Severity": "critical",
        "Tier": "standard",
        "Segment": "standard/all",
        "Since": "2026-11-23T10:00:00.250000+00:00",
        "Acknowledged by": "ada",
        "Resolved by": "bo",
    }


def test_no_question_and_no_answer_is_in_a_message() -> None:
    for what in ("opened", "renotified", "acknowledged", "resolved"):
        message = message_of(alert_event(what))
        assert SECRET_WORDS not in repr(message)
        assert SECRET_WORDS not in message.text


def test_a_test_says_that_it_is_one() -> None:
    message = message_of(tried_event())
    assert (message.action, message.title) == ("test", "Test: test, test")
    assert "Nothing is wrong" in message.text


def test_an_event_of_a_later_version_is_not_missed() -> None:
    message = message_of(alert_event() | {"type": "alert.escalated", "severity": "fatal"})
    assert (message.action, message.severity) == ("trigger", "warning")


def test_all_events_of_an_alert_have_one_key() -> None:
    keys = {
        incident_key(alert_event(what))
        for what in ("opened", "renotified", "acknowledged", "resolved")
    }
    assert keys == {KEY}


@pytest.mark.parametrize("other", [{"id": 13}, {"opened_at": "2026-11-23T10:00:00.250001+00:00"}])
def test_no_two_alerts_share_a_key(other: dict[str, Any]) -> None:
    # The second: alert 12 of another deployment, which writes to the same incident tool.
    assert incident_key(alert_event(**other)) != KEY


@pytest.mark.parametrize("opened_at", ["", None, "yesterday", 7])
def test_an_alert_whose_opening_is_not_known_still_has_a_key(opened_at: object) -> None:
    assert incident_key(alert_event(opened_at=opened_at)) == "tierwatch-12"
    assert incident_key(tried_event()) == "tierwatch-test-0123456789ab"


@given(st.text(max_size=400), st.integers(2, 300))
def test_a_line_is_one_short_line_that_can_be_encoded(text: str, length: int) -> None:
    line = one_line(text, length)
    assert len(line) <= length
    assert line.isprintable()
    assert line == line.strip()
    line.encode()


@given(
    st.dictionaries(
        st.sampled_from(["type", "kind", "segment", "summary", "severity", "permalink", "tier"]),
        st.none() | st.text(max_size=50) | st.integers(),
    )
)
def test_any_event_has_words(event: dict[str, Any]) -> None:
    assert message_of(event).title.isprintable()
