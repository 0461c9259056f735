"""How far the judge could be believed along the time: against people, and against anchors."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tierwatch.dashboard.charts.chart import TONES, Chart, Mark, Series, Tone
from tierwatch.dashboard.time_range import TimeRange
from tierwatch.evaluation.rates.binomial import wilson_interval
from tierwatch.evaluation.rates.confidence_sequence import always_valid_interval
from tierwatch.store.pages.over_time.agreement import AgreementStep, Period
from tierwatch.store.pages.over_time.checks import CheckRun

# Some dozens of points, whatever the range.
_LONGEST: Final[Mapping[Period, dt.timedelta]] = {
    "day": dt.timedelta(days=14),
    "week": dt.timedelta(weeks=40),
}


@dataclass(frozen=True, slots=True)
class _Point:
    """A judge's answers of one or more periods: how many were right, of how many.

    ``interval`` is 95 %.
    """

    at: float
    judge: str
    good: float
    n: int
    interval: tuple[float, float]
    note: str


def period_of(asked: TimeRange) -> Period:
    """What a point of a range is: a day, a week or a month."""
    return next((name for name, most in _LONGEST.items() if asked.length <= most), "month")


def agreement_chart(steps: Iterable[AgreementStep], asked: TimeRange, *, needed: int) -> Chart:
    """How often the judge said the same of three words as the first label of a pair.

    Periods are taken together until a point has ``needed`` labels; what is left over at the end
    goes to the point before it. Intervals hold however often the page is read.
    """
    period, by_judge = period_of(asked), dict[str, list[AgreementStep]]()
    for one in steps:
        by_judge.setdefault(one.judge_version, []).append(one)
    points = [
        _agreement(together)
        for of_judge in by_judge.values()
        for together in _together(of_judge, needed)
    ]
    labels = sum(one.labels for found in by_judge.values() for one in found)
    return _chart(
        points,
        asked,
        title=f"Agreement with people's labels, by {period}",
        says="Share of labelled pairs of that time of which the judge said the same as the first"
        f" label; what it left inconclusive counts as another word. Points of {needed} labels or"
        " more, with intervals that may be watched.",
        missing=f"Not enough labels on pairs of this time: {labels:,} of {needed}.",
    )


def anchors_chart(runs: Sequence[CheckRun], asked: TimeRange) -> Chart:
    """How many anchors the judge judged rightly in the runs of a day, week or month, on average.

    A later run asks the same anchors again, which says more about the judge's mood and nothing
    about other questions: the interval is that of one run's anchors, however many runs there were.
    """
    period = period_of(asked)
    found: dict[tuple[dt.datetime, str], list[CheckRun]] = {}
    for run in runs:
        if run.kind == "anchors":
            found.setdefault((_begin(run.at, period), run.subject), []).append(run)
    return _chart(
        [_anchors(begin, of_period) for (begin, _), of_period in found.items()],
        asked,
        title=f"Anchors judged rightly, by {period}",
        says="Mean of the runs of that time; the interval is that of one run's anchors, since each"
        " run asks the same ones.",
        missing="No run over anchors ended in this time.",
        marks=tuple(_judges(runs)),
    )


def _together(steps: Sequence[AgreementStep], needed: int) -> list[list[AgreementStep]]:
    found: list[list[AgreementStep]] = []
    waiting: list[AgreementStep] = []
    for one in steps:
        waiting.append(one)
        if sum(step.labels for step in waiting) >= needed:
            found.append(waiting)
            waiting = []
    if waiting and found:
        found[-1] = [*found[-1], *waiting]
    return found


def _agreement(steps: Sequence[AgreementStep]) -> _Point:
    same, labels = sum(one.same for one in steps), sum(one.labels for one in steps)
    return _Point(
        steps[0].start.timestamp(),
        steps[0].judge_version,
        same,
        labels,
        always_valid_interval(same, labels),
        f"{same:,} of {labels:,} labels",
    )


def _anchors(begin: dt.datetime, runs: Sequence[CheckRun]) -> _Point:
    good, asked = sum(one.good for one in runs), sum(one.items for one in runs)
    items = max(one.items for one in runs)
    many = f"{len(runs):,} runs" if len(runs) > 1 else "1 run"
    return _Point(
        begin.timestamp(),
        runs[0].subject,
        good,
        asked,
        wilson_interval(items * good / asked, items),
        f"{good:,} of {asked:,} in {many}",
    )


def _chart(
    points: Sequence[_Point],
    asked: TimeRange,
    *,
    title: str,
    says: str,
    missing: str,
    marks: tuple[Mark, ...] = (),
) -> Chart:
    judges = list(dict.fromkeys(point.judge for point in sorted(points, key=lambda one: one.at)))
    moments = sorted({point.at for point in points})
    # A period is drawn where it begins, and may have begun before the range.
    since = moments[0] if moments and asked.unbounded else asked.since.timestamp()
    return Chart(
        title=title,
        says=says,
        x=tuple(moments),
        series=tuple(
            _series(
                judge,
                [
                    next((one for one in points if (one.judge, one.at) == (judge, at)), None)
                    for at in moments
                ],
                TONES[place % len(TONES)],
            )
            for place, judge in enumerate(judges)
        ),
        marks=marks,
        span=(min([since, *moments]), asked.until.timestamp()),
        missing=missing,
    )


def _series(judge: str, points: Sequence[_Point | None], tone: Tone) -> Series:
    def each(of: Callable[[_Point], float]) -> tuple[float | None, ...]:
        return tuple(None if point is None else of(point) for point in points)

    return Series(
        judge,
        each(lambda point: point.good / point.n),
        low=each(lambda point: point.interval[0]),
        high=each(lambda point: point.interval[1]),
        notes=tuple("" if point is None else point.note for point in points),
        tone=tone,
    )


def _judges(runs: Iterable[CheckRun]) -> Iterator[Mark]:
    """Where another judge answers than before; each answers anchors before its first pair."""
    before = ""
    for run in runs:
        if run.kind == "anchors" and run.subject != before:
            if before:
                yield Mark(run.at.timestamp(), f"judge is {run.subject} now", "warn")
            before = run.subject


def _begin(at: dt.datetime, period: Period) -> dt.datetime:
    """The begin of the day, week (a Monday) or month of a moment, UTC.

    >>> _begin(dt.datetime(2026, 12, 3, 9, tzinfo=dt.UTC), "week").date().isoformat()
    '2026-11-30'
    """
    day = at.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "week":
        return day - dt.timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day
