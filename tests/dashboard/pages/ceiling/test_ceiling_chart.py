"""Saving and ceiling on one axis: months in their middle, gaps where there is too little."""

import datetime as dt

from tierwatch.dashboard.pages.ceiling.ceiling_chart import ceiling_chart
from tierwatch.evaluation.ceiling.trend import Passed
from tierwatch.loop.report.ceiling import Ceiling, months_of, standing_of
from tierwatch.store.pages.ceiling.months import SpentMonth

TODAY = dt.date(2026, 11, 30)


def found(*probes: Passed, needed: int = 60) -> Ceiling:
    spent = [
        SpentMonth(dt.date(2026, month, 1), 5, 1.0, 0.0, 0.0, 0.0, 0.0, 4.0) for month in (11, 12)
    ]
    months = months_of(spent, probes, [])
    return Ceiling(standing_of("complex", probes, TODAY), months, (), needed)


def test_months_stand_in_their_middle_and_span_them_all() -> None:
    chart = ceiling_chart(found())
    assert [dt.datetime.fromtimestamp(at, dt.UTC).day for at in chart.x] == [15, 15]
    first, after = (dt.datetime.fromtimestamp(at, dt.UTC) for at in chart.shown)
    assert (first.date(), after.date()) == (dt.date(2026, 11, 1), dt.date(2027, 1, 1))
    assert chart.series[0].values == (0.75, 0.75)


def test_too_few_answers_are_a_gap() -> None:
    november = Passed(dt.date(2026, 11, 1), "p", "m", 59, 50)
    december = Passed(dt.date(2026, 12, 1), "p", "m", 60, 45)
    series = ceiling_chart(found(november, december)).series[1]
    assert series.values == (None, 0.75)
    assert series.low[0] is None
    assert series.notes == ("59 answers", "60 answers")


def test_a_change_is_marked_on_its_month() -> None:
    november = Passed(dt.date(2026, 11, 1), "p", "m", 60, 50)
    december = Passed(dt.date(2026, 12, 1), "p", "other", 60, 50)
    [mark] = ceiling_chart(found(november, december)).marks
    assert (mark.words, mark.at) == (
        "model other", dt.datetime(2026, 12, 1, tzinfo=dt.UTC).timestamp(),
    )  # fmt: skip


def test_without_months_there_is_a_sentence() -> None:
    chart = ceiling_chart(Ceiling(standing_of("complex", [], TODAY), (), (), 60))
    assert chart.empty
    assert chart.missing
