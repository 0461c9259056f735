import json
from typing import Any

import pytest
from flask import Flask, render_template_string
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.charts.chart import Chart, Level, Mark, Region, Series, written

AT = 1_795_004_800.0  # 2026-11-18 12:26:40 UTC


def made(**changes: Any) -> Chart:
    values: dict[str, Any] = {
        "title": "Misroute rate of simple",
        "says": "How it is read.",
        "x": (AT, AT + 3_600, AT + 7_200),
        "series": (
            Series("misroute rate", (0.031, None, 0.052), low=(0.02, None, 0.04),
                   high=(0.05, None, 0.07), notes=("40 pairs", "", "60 pairs")),
        ),
        "levels": (Level("tolerated", 0.05),),
        "marks": (Mark(AT + 60, "policy 3 active", href="/policies"), Mark(AT - 9, "earlier")),
    }  # fmt: skip
    return Chart(**(values | changes))


def test_the_table_has_every_value_in_words_newest_first() -> None:
    chart = made()
    assert chart.columns == ("misroute rate",)
    assert [(row.at, *row.cells) for row in chart.rows] == [
        ("2026-11-18 14:26 UTC", "5.2 % (4.0 % to 7.0 %), 60 pairs"),
        ("2026-11-18 12:26 UTC", "3.1 % (2.0 % to 5.0 %), 40 pairs"),
    ]


def test_who_does_not_see_it_hears_how_it_ends_and_its_limits() -> None:
    assert made().summary == (
        "Misroute rate of simple: misroute rate 5.2 % (4.0 % to 7.0 %), 60 pairs"
        " at 2026-11-18 14:26 UTC; tolerated 5.0 %."
    )
    empty = made(x=(), series=(), levels=(), missing="Not enough pairs in this time: 3 of 30.")
    assert empty.empty
    assert empty.summary.endswith("Not enough pairs in this time: 3 of 30..")


def test_an_axis_of_thresholds_goes_up_in_its_table() -> None:
    chart = made(x=(0.5, 0.6, 0.7), x_name="Threshold", marks=(), regions=(Region(0.6, 0.7, "c"),))
    assert [row.at for row in chart.rows] == ["0.50", "0.70"]
    assert not chart.timed
    assert chart.drawing["regions"] == [{"start": 0.6, "end": 0.7, "tone": "good"}]


def test_marks_outside_are_left_out_and_the_others_are_in_order() -> None:
    late, early = Mark(AT + 100, "late"), Mark(AT + 50, "early")
    assert made(marks=(late, early, Mark(AT + 1e6, "x"))).marks_shown == (early, late)
    assert made(marks=(Mark(AT - 9, "x"),), span=(AT - 10, AT)).marks_shown[0].words == "x"


@pytest.mark.parametrize(
    "wrong",
    [
        {"series": (Series("a", (1.0,)),)},
        {"series": (Series("a", (1.0, 2.0, 3.0), low=(1.0,)),)},
        {"series": (Series("a", (1.0, 2.0, 3.0), high=(1.0,)),)},
        {"x": (AT, AT, AT + 1)},
        {"x": (AT, AT - 1, AT + 1)},
    ],
)
def test_a_chart_that_cannot_be_one(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"values for|must ascend"):
        made(**wrong)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.0004, "share", "0.04 %"),
        (-0.125, "share", "-12.5 %"),
        (1.25e-05, "usd", "$0.0000125"),
        (1_234_567.0, "count", "1,234,567"),
        (2.44e7, "number", "24,400,000"),
    ],
)
def test_values_with_their_units(value: float, unit: Any, words: str) -> None:
    assert written(value, unit) == words


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=20))
def test_what_scripts_draw_from_is_json_with_a_value_for_each_x(values: list[float | None]) -> None:
    x = tuple(AT + n for n in range(len(values)))
    chart = made(x=x, series=(Series("s", tuple(values)),), marks=())
    read = json.loads(json.dumps(chart.drawing, allow_nan=False))
    assert len(read["x"]) == len(read["series"][0]["values"]) == len(values)
    start, end = read["span"]
    assert start < end
    assert chart.empty == (len(chart.rows) == 0)


HOSTILE = """'><script>alert("x")</script>&"""


def test_the_figure_says_all_and_nothing_gets_out_of_it(app: Flask) -> None:
    chart = made(
        title=HOSTILE,
        series=(Series(HOSTILE, (0.1, 0.2, 0.3)),),
        marks=(Mark(AT + 1, HOSTILE, href="/alerts/1"),),
    )
    with app.test_request_context("/"):
        page = render_template_string(
            '{% import "charts.html" as charts %}{{ charts.figure(chart) }}', chart=chart
        )
    assert "<script" not in page
    assert "'>" not in page.replace("}'>", "", 1)  # but for the end of the attribute itself
    assert 'role="img" aria-label="' in page
    assert page.count("<tr>") == 4
    assert 'href="/alerts/1"' in page
    assert "tolerated 5.0 %" in page
    assert "times in UTC" in page


def test_a_chart_of_nothing_says_why_and_has_nothing_to_draw_from(app: Flask) -> None:
    chart = made(x=(), series=(), missing="Not enough pairs in this time: 3 of 30.")
    with app.test_request_context("/"):
        page = render_template_string(
            '{% import "charts.html" as charts %}{{ charts.figure(chart) }}', chart=chart
        )
    assert "Not enough pairs in this time: 3 of 30." in page
    assert "data-chart" not in page
    assert "<svg" not in page
