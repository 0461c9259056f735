import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.pages.calibration_charts import (
    agreement_chart,
    anchors_chart,
    period_of,
)
from tierwatch.dashboard.time_range import read_range
from tierwatch.evaluation.rates.binomial import wilson_interval
from tierwatch.evaluation.rates.confidence_sequence import always_valid_interval
from tierwatch.store.pages.over_time.agreement import AgreementStep
from tierwatch.store.pages.over_time.checks import CheckRun

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)  # a Monday
WEEK = dt.timedelta(weeks=1)
MONDAY = NOW.replace(hour=0)
MONTH = read_range("-30d", "", NOW)


def step(weeks_ago: int, labels: int, same: int, judge: str = "one") -> AgreementStep:
    return AgreementStep(MONDAY - weeks_ago * WEEK, judge, labels, same)


def run(days_ago: float, good: int, judge: str = "one", items: int = 100) -> CheckRun:
    at = NOW - dt.timedelta(days=days_ago)
    return CheckRun(at, "anchors", judge, judge, items, good)


@pytest.mark.parametrize(
    ("start", "period"),
    [("-1h", "day"), ("-14d", "day"), ("-15d", "week"), ("-40w", "week"), ("-41w", "month"),
     ("all", "month")],
)  # fmt: skip
def test_a_range_has_some_dozens_of_points_at_most(start: str, period: str) -> None:
    assert period_of(read_range(start, "", NOW)) == period


def test_weeks_are_taken_together_until_there_is_something_to_say() -> None:
    chart = agreement_chart(
        [step(4, 20, 18), step(3, 15, 12), step(2, 40, 30), step(1, 5, 5)], MONTH, needed=30
    )
    assert chart.x == tuple((MONDAY - weeks * WEEK).timestamp() for weeks in (4, 2))
    [series] = chart.series
    assert series.values == (30 / 35, 35 / 45)
    assert (series.low[0], series.high[0]) == always_valid_interval(30, 35)
    assert series.notes == ("30 of 35 labels", "35 of 45 labels")
    assert "by week" in chart.title


def test_too_few_labels_are_no_chart() -> None:
    chart = agreement_chart([step(1, 12, 12)], MONTH, needed=30)
    assert chart.empty
    assert chart.missing == "Not enough labels on pairs of this time: 12 of 30."
    assert agreement_chart([], MONTH, needed=30).empty


def test_each_judge_has_its_own_line() -> None:
    chart = agreement_chart([step(3, 30, 30), step(2, 30, 15, "two")], MONTH, needed=30)
    assert [one.name for one in chart.series] == ["one", "two"]
    assert [one.values for one in chart.series] == [(1.0, None), (None, 0.5)]


def test_anchors_that_are_asked_again_are_no_more_anchors() -> None:
    chart = anchors_chart([run(1, 90), run(2, 80), run(9, 100)], MONTH)
    [series] = chart.series
    assert series.values == (1.0, 0.85)
    assert (series.low[1], series.high[1]) == wilson_interval(85, 100)
    assert series.notes == ("100 of 100 in 1 run", "170 of 200 in 2 runs")


def test_a_change_of_judge_is_marked() -> None:
    probes = CheckRun(NOW - 2 * WEEK, "probes", "simple", "small", 9, 9)
    chart = anchors_chart([run(20, 90), probes, run(3, 70, "two"), run(2, 70, "two")], MONTH)
    [mark] = chart.marks_shown
    assert (mark.words, mark.at) == ("judge is two now", run(3, 70).at.timestamp())
    assert [one.name for one in chart.series] == ["one", "two"]
    assert anchors_chart([probes], MONTH).empty


def test_of_all_time_the_chart_begins_with_its_first_point() -> None:
    ever = read_range("all", "", NOW)
    chart = agreement_chart([step(9, 50, 40)], ever, needed=30)
    assert chart.shown == ((MONDAY - 9 * WEEK).timestamp(), NOW.timestamp())


def test_a_week_that_began_before_the_range_is_shown_whole() -> None:
    chart = anchors_chart([run(29.9, 90)], MONTH)
    assert chart.shown[0] <= chart.x[0]


@given(
    st.lists(
        st.tuples(st.integers(1, 400), st.integers(0, 400), st.sampled_from(["one", "two"])),
        max_size=30,
    )
)
def test_no_label_is_dropped_and_none_counts_twice(drawn: list[tuple[int, int, str]]) -> None:
    steps = [
        step(60 - place, labels, min(same, labels), judge)
        for place, (labels, same, judge) in enumerate(drawn)
    ]
    chart = agreement_chart(steps, read_range("all", "", NOW), needed=30)
    for series in chart.series:
        own = [one for one in steps if one.judge_version == series.name]
        counted = [note for note in series.notes if note]
        total = sum(int(note.split(" of ")[1].split(" ")[0].replace(",", "")) for note in counted)
        assert total == sum(one.labels for one in own)
        assert total >= 30
