import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.charts.chart import Chart, Level, Mark, Region, Series
from tierwatch.dashboard.charts.picture import HEIGHT, WIDTH, axis_words, picture, value_range

AT = 1_795_004_800.0


def chart(*series: Series, n: int = 3, **changes: Any) -> Chart:
    x = tuple(AT + 3_600 * place for place in range(n))
    return Chart("Title", "How.", changes.pop("x", x), series, **changes)


def numbers(path: str) -> list[float]:
    return [float(one) for one in re.findall(r"-?\d+(?:\.\d+)?", path)]


def shapes(drawn: Any, kind: str) -> list[Any]:
    return [one for one in drawn.shapes if one.kind == kind]


def test_a_gap_is_a_gap_and_not_a_zero() -> None:
    drawn = picture(chart(Series("a", (0.1, None, 0.2))))
    assert [one.path.count("L") for one in shapes(drawn, "line")] == [0, 0]
    assert len(drawn.dots) == 2
    joined = picture(chart(Series("a", (0.1, 0.15, 0.2))))
    assert [one.path.count("L") for one in shapes(joined, "line")] == [2]


def test_higher_values_are_higher_and_later_ones_to_the_right() -> None:
    low, _, high = picture(chart(Series("a", (0.1, 0.2, 0.4)))).dots
    assert high.y < low.y
    assert high.x > low.x
    assert "a 40.0 %, 2026-11-18 14:26 UTC" in high.title


def test_a_band_lies_around_its_line_and_a_limit_across() -> None:
    series = Series("a", (0.2, 0.3, 0.2), low=(0.1, 0.2, 0.1), high=(0.4, 0.5, 0.4))
    drawn = picture(chart(series, levels=(Level("tolerated", 0.25),)))
    [band], [level] = shapes(drawn, "band"), shapes(drawn, "level")
    ys = numbers(band.path)[1::2]
    assert min(ys) < min(dot.y for dot in drawn.dots)
    assert max(ys) > max(dot.y for dot in drawn.dots)
    assert level.title == "tolerated: 25.0 %"
    # Between the two values it is between.
    assert drawn.dots[1].y < numbers(level.path)[1] < drawn.dots[0].y


def test_stacked_parts_fill_their_sum() -> None:
    parts = (Series("a", (0.6, 0.5, 0.6)), Series("b", (0.4, 0.5, 0.4), tone="two"))
    drawn = picture(chart(*parts, stacked=True))
    top, bottom = shapes(drawn, "area")
    assert (top.tone, bottom.tone) == ("two", "one")
    assert min(numbers(top.path)[1::2]) < min(numbers(bottom.path)[1::2])
    assert value_range(chart(*parts, stacked=True)) == (0.0, 1.0)
    assert drawn.dots == ()


def test_bars_stand_on_what_is_beneath_and_say_their_own_part() -> None:
    parts = (Series("a", (1.0, 2.0, 3.0), kind="bars"), Series("b", (1.0, 1.0, None), kind="bars"))
    drawn = picture(chart(*parts, stacked=True, unit="usd"))
    titles = [one.title for one in shapes(drawn, "area")]
    assert len(titles) == 5
    assert titles[0].startswith("b $1.00, ")
    assert titles[-1].startswith("a $3.00, ")


def test_a_step_holds_until_the_next() -> None:
    [line] = shapes(picture(chart(Series("a", (0.1, 0.4, 0.4), kind="step"))), "line")
    ys = numbers(line.path)[1::2]
    assert ys[0] == ys[1] > ys[2]


def test_evidence_grows_by_factors_and_zero_is_a_gap_at_the_bottom() -> None:
    grown = chart(Series("e", (1.0, 1e3, 1e6)), unit="number", log=True,
                  levels=(Level("alarm", 1e7),))  # fmt: skip
    assert value_range(grown) == (1.0, 1e7)
    first, middle, last = (dot.y for dot in picture(grown).dots)
    assert first - middle == pytest.approx(middle - last, abs=0.2)
    assert value_range(chart(Series("e", (0.0, 0.0, 0.0)), log=True)) == (1.0, 10.0)
    assert len(picture(chart(Series("e", (0.0, 1.0, 2.0)), log=True)).dots) == 3


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.0, 0.0, 0.0), (0.0, 1.0)),
        ((0.1, 0.2, 0.5), (0.0, 0.53)),
        ((0.97, 0.98, 1.0), (0.0, 1.0)),
        ((-3.5, 0.2, 0.5), (-3.71, 0.53)),
    ],
)
def test_the_range_of_values(values: tuple[float, ...], expected: tuple[float, float]) -> None:
    assert value_range(chart(Series("a", values))) == pytest.approx(expected)


def test_marks_regions_and_labels() -> None:
    drawn = picture(
        chart(Series("a", (0.1, 0.2, 0.3)), marks=(Mark(AT + 3_600, "policy 3 active"),))
    )
    [mark] = shapes(drawn, "mark")
    assert mark.title == "policy 3 active, 2026-11-18 13:26 UTC"
    assert [one.words for one in drawn.x_labels][:2] == ["12:30", "13:00"]
    assert drawn.y_labels[0].words == "0 %"
    curve = chart(Series("bound", (0.1, 0.2, 0.3)), x=(0.5, 0.6, 0.7), x_name="Threshold",
                  regions=(Region(0.6, 0.7, "certified"),))  # fmt: skip
    assert shapes(picture(curve), "band")[0].title == "certified"
    assert [one.words for one in picture(curve).x_labels] == ["0.5", "0.55", "0.6", "0.65", "0.7"]


def test_values_beside_their_axis_are_short() -> None:
    one = chart(Series("a", (1.0, 2.0, 3.0)), unit="usd")
    assert [axis_words(one, at) for at in (0.25, 1_000.0, 2.5)] == ["$0.25", "$1,000", "$2.50"]
    assert axis_words(chart(Series("a", (0.1, 0.1, 0.1))), 0.025) == "2.5 %"


VALUES = st.lists(
    st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True, width=32)),
    min_size=1,
    max_size=8,
)


@given(
    values=VALUES,
    stacked=st.booleans(),
    kind=st.sampled_from(["line", "step", "bars", "points"]),
    log=st.booleans(),
)
def test_nothing_is_drawn_outside(
    *, values: list[float | None], stacked: bool, kind: Any, log: bool
) -> None:
    if stacked or kind == "bars":
        values = [None if one is None or not math.isfinite(one) else abs(one) for one in values]
        log = False
    known = tuple(values)
    drawn = picture(
        chart(Series("a", known, kind=kind), Series("b", known, kind=kind), n=len(known),
              stacked=stacked, log=log, levels=(Level("l", 0.5),))
    )  # fmt: skip
    for dot in drawn.dots:
        assert 0 <= dot.x <= WIDTH
        assert 0 <= dot.y <= HEIGHT
    for one in drawn.shapes:
        assert "nan" not in one.path
        assert "inf" not in one.path
