from typing import Any

import pytest
import structlog
from fakes.receiver import EVENT

from tierwatch.notify.answer import Answer
from tierwatch.notify.log import LogDestination


def logged(alert: dict[str, Any]) -> dict[str, Any]:
    with structlog.testing.capture_logs() as lines:
        assert LogDestination().send(alert) == Answer("taken", "written")
    (line,) = lines
    return dict(line)


def test_the_log_gets_one_line_with_the_fields_a_reader_needs() -> None:
    line = logged(EVENT)
    assert (line["event"], line["log_level"], line["alert_id"]) == (
        "alert.opened",
        "warning",
        "0199",
    )
    assert line["segment"] == "standard/all"
    assert line["estimate"] == EVENT["estimate"]


def test_good_news_is_logged_as_information() -> None:
    assert logged(EVENT | {"type": "alert.resolved"})["log_level"] == "info"


def test_an_alert_that_is_still_open_is_a_warning_again() -> None:
    assert logged(EVENT | {"type": "alert.renotified"})["log_level"] == "warning"
    assert (LogDestination().name, LogDestination().kind) == ("log", "log")


def test_text_in_a_log_line_cannot_start_another_line() -> None:
    line = logged(EVENT | {"summary": "bad\nalert.resolved\r\x1b[2J id=1", "event": "mine"})
    assert line["summary"] == "bad alert.resolved [2J id=1"
    assert line["event"] == "alert.opened"


def test_only_what_a_reader_needs_is_logged() -> None:
    line = logged(EVENT | {"evidence": {"worst": ["a pair"]}, "estimate": None})
    assert "evidence" not in line
    assert line["estimate"] is None
    assert "tier" not in logged({key: EVENT[key] for key in ("id", "type", "timestamp")})


@pytest.mark.parametrize("text", ["\u202egnihton", "a\x00b\tc", "\u2028line", "  spaces  "])
def test_a_line_is_printable_and_trimmed(text: str) -> None:
    summary = logged(EVENT | {"summary": text})["summary"]
    assert summary.isprintable()
    assert summary == summary.strip()
