import pytest

from tierwatch.dashboard.charts.alarm_line import AlarmLine, alarm_line, highest_shown
from tierwatch.dashboard.charts.chart import Level
from tierwatch.evaluation.alarms.alarm_rate import alarm_rate
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.store.pages.over_time.monitors import TierMonitor

FRESH = MisrouteMonitor(0.05)


def of(monitor: MisrouteMonitor, *, alarmed: bool = False) -> TierMonitor:
    return TierMonitor("simple", monitor.state(), alarmed)


def test_it_is_drawn_at_the_rate_of_a_point_as_long_as_the_others() -> None:
    found = alarm_line(of(FRESH), [250, 300, 4_000], 0.2)
    [level] = found.levels
    assert (level.name, level.value, level.tone) == ("alarm", alarm_rate(FRESH, 300), "bad")
    assert found.says == (
        "The alarm would be set off by 13.1 % bad ones among 300 more conversations, as many as a"
        " point has, from where its monitor stands now."
    )


def test_a_line_far_above_all_else_is_said_and_not_drawn() -> None:
    found = alarm_line(of(FRESH), [30], 0.1)
    assert found.levels == ()
    assert "set off by 43.3 % bad ones" in found.says


def test_what_no_rate_sets_off_is_said() -> None:
    found = alarm_line(of(FRESH), [3, 3], 0.5)
    assert (found.levels, found.says) == (
        (), "No rate among 3 more conversations, as many as a point has, would set off the alarm.",
    )  # fmt: skip


def test_an_alarm_that_is_on_has_no_line() -> None:
    assert alarm_line(of(FRESH, alarmed=True), [300], 0.5) == AlarmLine("Its monitor is in alarm.")


@pytest.mark.parametrize(
    ("monitor", "points"),
    [
        (None, [300.0]),
        (of(FRESH), []),
        (TierMonitor("simple", {"version": 9}, alarmed=False), [300.0]),
    ],
)
def test_without_a_monitor_or_points_nothing_is_said(
    monitor: TierMonitor | None, points: list[float]
) -> None:
    assert alarm_line(monitor, points, 0.5) == AlarmLine()


def test_the_highest_of_what_is_shown() -> None:
    assert highest_shown([], []) == 0.0
    assert highest_shown([0.1, None], [Level("tolerated", 0.2)]) == 0.2
