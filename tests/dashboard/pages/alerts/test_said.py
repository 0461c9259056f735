from typing import Any

import pytest
from factories import evidence as stored
from factories.rows import add_alert
from sqlalchemy import Connection

from tierwatch.dashboard.pages.alerts.said import (
    how_sure,
    record_in_words,
    segment_in_words,
    what_happened,
)
from tierwatch.store.alerts import Alert, load_alert
from tierwatch.store.incidents.record import Record


def alert_of(connection: Connection, **changes: Any) -> Alert:
    found = load_alert(connection, add_alert(connection, **changes))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("segment", "of_type"),
    [("simple/sql", " to requests of type sql"), ("simple/*", ""), ("simple/all", "")],
)
def test_a_misroute_is_said_with_its_segment(
    connection: Connection, segment: str, of_type: str
) -> None:
    said = what_happened(alert_of(connection, segment=segment))
    assert said == (
        f"12.0 % of simple's answers{of_type} are materially worse than the next tier's"
        " (2.0 to 20.0 %, by 40 pairs since the change); 5.0 % is tolerated."
    )


def test_the_caches_answers_are_compared_with_fresh_ones(connection: Connection) -> None:
    said = what_happened(alert_of(connection, tier="cache", segment="cache/*"))
    assert "worse than fresh ones" in said


def test_other_kinds_and_unknown_rates_are_said_as_when_they_opened(connection: Connection) -> None:
    unknown = alert_of(connection, evidence={"estimate": stored.estimate(None, 0)})
    for alert in (alert_of(connection, kind="budget"), unknown):
        assert what_happened(alert) == "Answers of tier simple are worse."


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            "misroute",
            "If simple misrouted no more than the tolerated 5.0 %, 100,000 conversations would",
        ),
        ("model_drift", "simple-1 still passed what it passed at first, but for 5.0 %, 100,000"),
        ("judge_drift", "the judge judged as at first, but for 5.0 %"),
        ("judge_orders", "it contradicted itself in no more than 40.0 % of verdicts"),
        ("not_trusted", "is asked for."),
        ("past", "If nothing had changed, 100,000 conversations"),
        ("input_drift", "If nothing had changed, 100,000 requests"),
    ],
)
def test_how_sure_is_a_chance_in_words(connection: Connection, kind: str, said: str) -> None:
    assert said in how_sure(alert_of(connection, kind=kind))


def test_a_chance_is_no_number_that_vanishes_or_exceeds_one(connection: Connection) -> None:
    sure = alert_of(connection, evidence={"level": 1e15})
    assert how_sure(sure).endswith("a probability of less than 0.01 %.")
    weak = alert_of(connection, evidence={"level": 2.0})
    assert how_sure(weak).endswith("a probability of at most 100.0 %.")
    for kind in ("budget", "no_data", "capture", "fleet", "relative"):
        assert how_sure(alert_of(connection, kind=kind)) == ""


@pytest.mark.parametrize(
    ("resolved", "by_reason", "said"),
    [
        (0, {}, "No other model drift alert has been resolved yet: there is no record"),
        (1, {"fixed": 1}, "that was resolved, none was a false alarm; 1 was real and was mended."),
        (20, {"fixed": 12, "false_alarm": 2}, "Of the last 20 resolved model drift alerts, 2 were"),
        (20, {"fixed": 12, "by_itself": 6}, "12 were real and were mended; 6 ended by themselves."),
        (3, {"false_alarm": 1, "unsaid": 1, "odd": 1}, "1 was a false alarm; 1 was resolved with"),
    ],
)  # fmt: skip
def test_a_record_gives_the_false_alarms_first(
    resolved: int, by_reason: dict[str, int], said: str
) -> None:
    assert said in record_in_words("model_drift", Record(resolved, by_reason))


def test_a_segment_in_words(connection: Connection) -> None:
    words = {
        segment: segment_in_words(alert_of(connection, segment=segment))
        for segment in ("simple/all", "simple/*", "simple/sql")
    }
    assert list(words.values()) == ["simple", "simple", "simple, requests of type sql"]
    assert segment_in_words(alert_of(connection, tier="", segment="judge")) == ""
