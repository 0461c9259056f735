"""What a reader is told of a segment that is sampled more densely."""

import datetime as dt
from typing import Any

import pytest

from tierwatch.dashboard.pages.overview.burst_line import burst_line
from tierwatch.store.judgements.bursts import SampledBurst

NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def burst(**changes: Any) -> SampledBurst:
    columns: dict[str, Any] = {
        "tier": "simple",
        "task_type": "sql",
        "density": 10.0,
        "asked": 10.0,
        "statistic": 1e4,
        "level": 2e7,
        "times": 1,
        "started_at": NOON,
        "until": NOON + dt.timedelta(minutes=15),
        "ended_at": None,
        "why_ended": "",
    }
    return SampledBurst(**(columns | changes))


@pytest.mark.parametrize(
    ("task_type", "segment"), [("sql", "simple/sql"), ("*", "simple"), ("all", "simple")]
)
def test_a_segment_is_named_as_people_know_it(task_type: str, segment: str) -> None:
    assert burst_line(burst(task_type=task_type)).segment == segment


def test_the_evidence_is_a_share_of_an_alert_s() -> None:
    assert burst_line(burst()).evidence == 1 / 2_000
    assert burst_line(burst(statistic=1e9)).evidence == 1


def test_one_that_money_holds_back_says_so() -> None:
    whole, part, none = (burst_line(burst(density=density)) for density in (10.0, 2.5, 1.0))
    assert [line.starved for line in (whole, part, none)] == [False, True, True]
    assert [line.at_all for line in (whole, part, none)] == [True, True, False]
