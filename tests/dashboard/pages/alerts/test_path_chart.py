"""An alarm is drawn against its level, with what changed; old evidence has no path."""

import datetime as dt
from itertools import pairwise
from typing import Any

import pytest
from factories import decided
from factories import evidence as stored
from factories.rows import NOW

from tierwatch.dashboard.charts.picture import picture
from tierwatch.dashboard.pages.alerts.path_chart import path_chart
from tierwatch.store.incidents.changes import Change

START = NOW.timestamp()


def point(number: int, statistic: float, at: float | None = None) -> dict[str, Any]:
    return {
        "conversations": number,
        "at": START + 60 * number if at is None else at,
        "statistic": statistic,
    }


def alert(*path: dict[str, Any]) -> Any:
    return decided.alert(evidence=stored.misroute(path=list(path)))


RISE = tuple(point(number, 3.0**number) for number in range(1, 16))


def test_the_path_is_drawn_against_the_level_on_a_scale_of_factors() -> None:
    chart = path_chart(alert(*RISE), (), START + 120)
    assert chart is not None
    assert chart.title == "Evidence that more than 5.0 % are misrouted"
    assert chart.x[0] == START + 60
    (line,) = chart.series
    assert (line.values[0], line.values[-1]) == (3.0, 3.0**15)
    assert line.notes[-1] == "15 conversations"
    assert [(one.name, one.value) for one in chart.levels] == [("alarm", 1e7)]
    assert chart.log
    assert "factors of ten" in chart.says
    # On such a scale the rise is a straight line.
    drawn = picture(chart)
    steps = [after.y - before.y for before, after in pairwise(drawn.dots)]
    assert max(steps) - min(steps) < 0.3


def test_what_changed_is_marked() -> None:
    changes = [
        Change(NOW + dt.timedelta(minutes=5), "policy", "4", by="ada"),
        Change(NOW + dt.timedelta(minutes=6), "model", "small-2", before="small-1"),
        Change(NOW + dt.timedelta(minutes=7), "judge", "judge-2", before="judge-1"),
        Change(NOW + dt.timedelta(minutes=8), "types", "2"),
        Change(NOW - dt.timedelta(hours=5), "policy", "3"),
    ]
    chart = path_chart(alert(*RISE), changes, START + 120)
    assert chart is not None
    assert [mark.words for mark in chart.marks_shown] == [
        "change began, by estimate",
        "policy 4 became active",
        "served by small-2",
        "judge is judge-2",
        "task types became active",
    ]
    assert [mark.href for mark in chart.marks_shown] == ["", "/policies", "", "", ""]


def test_of_conversations_known_at_the_same_moment_the_last_says_where_it_stood() -> None:
    late = [point(1, 2.0), point(2, 8.0, START + 300), point(3, 5.0, START + 300)]
    chart = path_chart(alert(*late), (), START)
    assert chart is not None
    assert (chart.x[1:], chart.series[0].values) == ((START + 300,), (2.0, 5.0))


@pytest.mark.parametrize("path", [(), (point(1, 2.0),), (point(1, 2.0), point(2, 3.0, START + 60))])
def test_one_moment_is_no_line(path: tuple[dict[str, Any], ...]) -> None:
    assert path_chart(alert(*path), (), START) is None


def test_evidence_without_a_path_or_of_another_kind_has_no_chart() -> None:
    assert path_chart(decided.alert(evidence=stored.misroute()), (), START) is None
    other = decided.alert("relative", evidence=stored.relative())
    assert path_chart(other, (), START) is None
