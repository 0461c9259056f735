"""The report of the ceiling: a direction in words, months beside the saving, changes noted."""

import datetime as dt
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection

from tierwatch.evaluation.ceiling.trend import Passed
from tierwatch.loop.report.ceiling import (
    MONTHS,
    ceiling,
    first_month,
    months_of,
    standing_of,
)
from tierwatch.store.pages.ceiling.months import LabelMonth, SpentMonth

TODAY = dt.date(2026, 11, 30)


def month(number: int) -> dt.date:
    return dt.date(2026, number, 1)


def passed(number: int, good: int, **changes: Any) -> Passed:
    of = {"version": "probes/1", "model": "large-1"} | changes
    return Passed(month(number), of["version"], of["model"], 1_000, good)


def spent(number: int, *, serving: float = 40.0, top: float = 100.0) -> SpentMonth:
    return SpentMonth(month(number), 10, serving, 0.0, 3.0, 2.0, 1.0, top)


@pytest.mark.parametrize(
    ("good", "words"),
    [
        (905, "The quality of complex itself is flat since March 2026"),
        (700, "The quality of complex itself has fallen since March 2026"),
        (980, "The quality of complex itself has risen since March 2026"),
        (860, "The quality of complex itself is not known"),
    ],
)
def test_the_standing_is_said_in_words(good: int, words: str) -> None:
    found = standing_of("complex", [passed(3, 900), passed(10, good)], TODAY)
    assert found.words == words
    assert (found.since is None) == words.endswith("not known")


def test_without_anything_nothing_is_known(connection: Connection) -> None:
    found = ceiling(connection, "complex", put.JUDGE, TODAY)
    assert (found.standing.direction, found.standing.since) == ("unknown", None)
    assert found.standing.words == "The quality of complex itself is not known"
    assert (found.months, found.versions) == ((), ())


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (dt.date(2026, 11, 30), dt.date(2025, 11, 1)),
        (dt.date(2026, 12, 1), dt.date(2025, 12, 1)),
        (dt.date(2026, 1, 31), dt.date(2025, 1, 1)),
    ],
)
def test_a_year_and_the_month_before_it(today: dt.date, first: dt.date) -> None:
    assert first_month(today) == first
    assert (today.year - first.year) * 12 + today.month - first.month == MONTHS - 1


def test_months_have_the_saving_beside_the_ceiling() -> None:
    labels = [LabelMonth(month(10), better=10, worse=5, tie=5)]
    september, october = months_of([spent(9), spent(10)], [passed(10, 900)], labels)
    assert september.net_saving == pytest.approx(0.54)  # of 100 dollars 40, 3, 2 and 1 were spent
    assert (september.probes.value, september.probe_set, september.models) == (None, "", ())
    assert (october.probes.value, october.labels.value) == (0.9, 0.75)
    assert october.probes.low < 0.9 < october.probes.high
    assert (october.labels.n, october.changed) == (20, "")


def test_a_month_without_a_bill_has_no_saving() -> None:
    [found] = months_of([spent(9, top=0.0)], [], [])
    assert found.net_saving is None
    [found] = months_of([], [passed(9, 900)], [])
    assert (found.net_saving, found.requests) == (None, 0)


def test_what_makes_months_incomparable_is_noted() -> None:
    probes = [
        passed(7, 900),
        passed(8, 900, model="large-2"),
        passed(9, 10, model="large-2", version="probes/2"),
        passed(10, 10, model="large-2", version="probes/2"),
    ]
    found = months_of([spent(6)], probes, [])
    assert [one.changed for one in found] == [
        "",
        "",
        "model large-2",
        "other probes: not to be compared with the months before",
        "",
    ]


def test_two_models_of_one_month_are_noted_and_counted_together() -> None:
    [_, found] = months_of([], [passed(7, 900), passed(8, 900), passed(8, 500, model="other")], [])
    assert (found.probes.value, found.probes.n) == (0.7, 2_000)
    assert found.changed == "model large-1 and other"
