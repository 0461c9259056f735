"""The alarm on a chart of rates: what the next stretch would have to be like to set it off."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tierwatch.dashboard.charts.chart import Level
from tierwatch.dashboard.figures import count, percent
from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.alarm_rate import alarm_rate
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.store.pages.over_time.monitors import TierMonitor

# A line that is further up than this, as a multiple of all else, would press the rates flat.
_HIGHEST: Final = 2.0


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """The alarm on one chart.

    Attributes:
        says: what it would take, in a sentence; empty where nothing is known.
        levels: the line, where it fits.
    """

    says: str = ""
    levels: tuple[Level, ...] = ()


def alarm_line(monitor: TierMonitor | None, points: Sequence[float], highest: float) -> AlarmLine:
    """The line of a tier's alarm.

    Past points may lie above it without an alarm, and below with one: it is of now. When an alert
    opened is marked.

    Args:
        monitor: of the tier's newest pairs; None where there is none.
        points: effective conversations of each point of the chart.
        highest: of what the chart shows else, as a rate.
    """
    if monitor is None or not points:
        return AlarmLine()
    if monitor.alarmed:
        return AlarmLine("Its monitor is in alarm.")
    n = max(1.0, statistics.median(points))
    try:
        rate = alarm_rate(MisrouteMonitor.from_state(monitor.state), n)
    except EvidenceError:  # of a version that is newer, or broken
        return AlarmLine()
    among = f"{count(n)} more conversations, as many as a point has"
    if rate is None:
        return AlarmLine(f"No rate among {among}, would set off the alarm.")
    says = (
        f"The alarm would be set off by {percent(rate)} bad ones among {among}, from where its"
        " monitor stands now."
    )
    fits = rate <= _HIGHEST * highest
    return AlarmLine(says, (Level("alarm", rate, "bad"),) if fits else ())


def highest_shown(ends: Iterable[float | None], levels: Iterable[Level]) -> float:
    """The highest rate that a chart shows: the end of an interval, or a limit.

    >>> highest_shown([0.1, None, 0.3], [Level("tolerated", 0.05)])
    0.3
    """
    return max([0.0, *(end for end in ends if end is not None), *(one.value for one in levels)])
