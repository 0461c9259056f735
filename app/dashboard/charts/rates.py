"""Rates along the time: stretches of enough pairs to say something, each with its interval."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tierwatch.dashboard.charts.alarm_line import alarm_line, highest_shown
from tierwatch.dashboard.charts.chart import Chart, Level, Mark, Series
from tierwatch.dashboard.charts.ticks import moment_words
from tierwatch.dashboard.figures import Figure, figure
from tierwatch.evaluation.rates.weighted import RateSums, rate_of_sums
from tierwatch.store.pages.over_time.monitors import TierMonitor

# Enough to see an incident of hours in a day, and of a day in a month.
STEPS = 48
# With many pairs a point takes more of them: its interval narrows before there are more points.
MOST_POINTS = 24


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some steps of time together; from ``start`` to ``end``, seconds since 1970."""

    start: float
    end: float
    sums: RateSums


def stretches(
    steps: Mapping[int, RateSums], start: float, step_s: float, least: int
) -> list[Stretch]:
    """Neighbouring steps taken together until each stretch has ``least`` pairs, and a fair share.

    A rate of three pairs is a wide lie; time with few pairs is shown more coarsely instead. What is
    left over at the end goes to the stretch before; without any that has enough there are none.
    """
    least = max(least, sum(one.pairs for one in steps.values()) // MOST_POINTS)
    found: list[Stretch] = []
    waiting: Stretch | None = None
    for number in sorted(steps):
        begin, end = start + number * step_s, start + (number + 1) * step_s
        waiting = _joined(waiting, Stretch(begin, end, steps[number]))
        if waiting.sums.pairs >= least:
            found.append(waiting)
            waiting = None
    if waiting is not None and found:
        found[-1] = _joined(found[-1], waiting)
    return found


def _joined(before: Stretch | None, after: Stretch) -> Stretch:
    if before is None:
        return after
    return Stretch(before.start, after.end, before.sums + after.sums)


def rate_figure(sums: RateSums | None, *, needed: int) -> Figure:
    """A rate with its 95 % interval that holds however often it is read (`rate_of_sums`).

    Args:
        sums: the losses; None for none.
        needed: pairs below which it is not shown.
    """
    return figure(rate_of_sums(sums or RateSums()), needed=needed)


def rate_chart(
    title: str,
    steps: Mapping[int, RateSums],
    span: tuple[float, float],
    *,
    levels: Iterable[Level] = (),
    marks: Sequence[Mark] = (),
    needed: int,
    monitor: TierMonitor | None = None,
) -> Chart:
    """A misroute rate along the time, or the words that there are too few pairs for one.

    Args:
        title: of the chart.
        steps: by number, `STEPS` equal ones of ``span``.
        span: the stretch of time, seconds since 1970.
        levels: limits.
        marks: events.
        needed: pairs of a point.
        monitor: whose alarm is drawn; None for none.
    """
    start, end = span
    shown = stretches(steps, start, (end - start) / STEPS, needed)
    figures = [rate_figure(one.sums, needed=needed) for one in shown]
    pairs = sum(one.pairs for one in steps.values())
    limits = tuple(levels)
    alarm = alarm_line(
        monitor,
        [one.sums.effective for one in shown],
        highest_shown([one.high for one in figures], limits),
    )
    says = f"Points of {needed} pairs or more; the band is the 95 % interval of each. {alarm.says}"
    return Chart(
        title=title,
        says=says.strip(),
        x=tuple((one.start + one.end) / 2 for one in shown),
        series=(
            Series(
                "misroute rate",
                tuple(one.value for one in figures),
                low=tuple(one.low for one in figures),
                high=tuple(one.high for one in figures),
                notes=tuple(
                    f"{one.sums.pairs:,} pairs, {_from_to(one.start, one.end)}" for one in shown
                ),
            ),
        ),
        levels=(*limits, *alarm.levels),
        marks=tuple(marks),
        span=span,
        missing=f"Not enough pairs in this time: {pairs:,} of {needed}.",
    )


def _from_to(start: float, end: float) -> str:
    return f"{moment_words(start).removesuffix(' UTC')} to {moment_words(end)}"
