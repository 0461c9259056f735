"""A chart as shapes: what is seen without scripts, and on paper."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tierwatch.dashboard.charts.chart import Chart, Series, Tone, finite, written
from tierwatch.dashboard.charts.ticks import power_ticks, time_ticks, value_ticks

# In the picture's own units; it is scaled to its place.
WIDTH, HEIGHT = 480.0, 170.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 8.0, 10.0, 18.0
# Room above the highest value, so that it is not taken for the edge.
_HEADROOM = 1.06
_THINNEST = 1.0
# From here on a power of ten has its exponent on the axis.
_LONG = 1e5
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Shape:
    """A line or an area; ``kind`` is ``line``, ``band``, ``area``, ``level`` or ``mark``."""

    kind: str
    tone: Tone
    path: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Dot:
    """A point, with its value in words."""

    x: float
    y: float
    tone: Tone
    title: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text: at the left of a line across, below the axis, or in the drawing."""

    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """All that an SVG of a chart consists of, in the order of drawing."""

    width: float
    height: float
    lines: tuple[float, ...]
    y_labels: tuple[Label, ...]
    x_labels: tuple[Label, ...]
    left: float
    right: float
    bottom: float
    shapes: tuple[Shape, ...]
    dots: tuple[Dot, ...]


def picture(chart: Chart) -> Picture:
    """Lay a chart out."""
    low, high = value_range(chart)
    start, end = chart.shown
    bottom = HEIGHT - _BOTTOM

    def x(at: float) -> float:
        share = (min(max(at, start), end) - start) / (end - start)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(value: float) -> float:
        if chart.log:
            share = math.log(max(value, low) / low) / math.log(high / low)
        else:
            share = (value - low) / (high - low)
        return round(bottom - min(max(share, 0.0), 1.0) * (bottom - _TOP), 1)

    ticks = power_ticks(low, high) if chart.log else value_ticks(low, high)
    below = (
        time_ticks(start, end)
        if chart.timed
        else [(at, _x_words(chart, at)) for at in value_ticks(start, end, 6)]
    )
    return Picture(
        width=WIDTH,
        height=HEIGHT,
        lines=tuple(y(tick) for tick in ticks),
        y_labels=tuple(Label(_LEFT - 5, y(at) + 3.5, axis_words(chart, at)) for at in ticks),
        x_labels=tuple(Label(x(at), HEIGHT - 4, words) for at, words in below),
        left=_LEFT,
        right=WIDTH - _RIGHT,
        bottom=bottom,
        shapes=tuple(_shapes(chart, x, y, bottom)),
        dots=tuple(_dots(chart, x, y)),
    )


def value_range(chart: Chart) -> tuple[float, float]:
    """The lowest and the highest value that the chart shows; never equal.

    From 0 unless something is below; a share goes no higher than 1. On an axis of factors the
    powers of ten around what there is.
    """
    seen = [finite(value) for one in _laid(chart) for value in (*one.values, *one.low, *one.high)]
    known = [value for value in seen if value is not None] + [one.value for one in chart.levels]
    if chart.log:
        above = [value for value in known if value > 0] or [1.0]
        low = 10.0 ** math.floor(math.log10(min(above)))
        return low, max(10.0 ** math.ceil(math.log10(max(above))), 10 * low)
    low, high = min([0.0, *known]), max([0.0, *known])
    high *= _HEADROOM
    if chart.unit == "share" and max(known, default=0.0) <= 1:
        high = min(high, 1.0)
    return low * _HEADROOM, high if high > low else low + 1


def axis_words(chart: Chart, at: float) -> str:
    """A value beside its axis: as short as it can be."""
    if chart.unit == "share":
        return f"{at * 100:.3g} %"
    if chart.unit == "usd" and abs(at) >= 1:
        return f"${at:,.0f}" if at == round(at) else f"${at:,.2f}"
    return _power(at) if chart.log and chart.unit == "number" else written(at, chart.unit)


def _power(at: float) -> str:
    """A power of ten: written out while that is short.

    >>> [_power(one) for one in (0.1, 1.0, 1000.0, 1e7)]
    ['0.1', '1', '1,000', '10⁷']
    """
    if at < _LONG:
        return written(at, "number")
    return "10" + str(round(math.log10(at))).translate(_RAISED)


def _x_words(chart: Chart, at: float) -> str:
    return f"{at:.3g}" if chart.x_unit == "number" else written(at, chart.x_unit)


def _laid(chart: Chart) -> Sequence[Series]:
    """The series as they are drawn: stacked ones upon one another, the highest first."""
    if not chart.stacked:
        return chart.series
    total = [0.0] * len(chart.x)
    laid = []
    for one in chart.series:
        floor = tuple(total)
        total = [sum_ + (value or 0.0) for sum_, value in zip(total, one.values, strict=True)]
        values = tuple(
            None if value is None else top for value, top in zip(one.values, total, strict=True)
        )
        laid.append(Series(one.name, values, floor, values, one.notes, one.tone, one.kind))
    return laid[::-1]


_Place = Callable[[float], float]


def _shapes(chart: Chart, x: _Place, y: _Place, bottom: float) -> Iterator[Shape]:
    for one in chart.regions:
        yield Shape("band", one.tone, _box(x(one.start), x(one.end), _TOP, bottom), one.name)
    for series in _laid(chart):
        if series.kind == "bars":
            yield from _bars(chart, series, x, y)
            continue
        if series.low and series.high:
            kind = "area" if chart.stacked else "band"
            for run in _runs(chart.x, series.low, series.high, step=series.kind == "step"):
                down = [f"{x(at)} {y(low)}" for at, low, _ in reversed(run)]
                yield Shape(kind, series.tone, f"M{'L'.join([*_points(run, x, y), *down])}Z")
        if series.kind != "points" and not chart.stacked:
            values = series.values
            runs = _runs(chart.x, values, values, step=series.kind == "step")
            for run in runs:
                yield Shape("line", series.tone, f"M{'L'.join(_points(run, x, y))}")
    for level in chart.levels:
        words = f"{level.name}: {written(level.value, chart.unit)}"
        path = f"M{_LEFT} {y(level.value)}H{WIDTH - _RIGHT}"
        yield Shape("level", level.tone, path, words)
    for mark in chart.marks_shown:
        words = f"{mark.words}, {chart.x_words(mark.at)}"
        yield Shape("mark", mark.tone, f"M{x(mark.at)} {_TOP}V{bottom}", words)


def _bars(chart: Chart, series: Series, x: _Place, y: _Place) -> Iterator[Shape]:
    start, end = chart.shown
    gaps = [b - a for a, b in zip(chart.x, chart.x[1:], strict=False)] or [(end - start) / 2]
    half = max(_THINNEST, 0.4 * min(gaps) / (end - start) * (WIDTH - _LEFT - _RIGHT))
    for place, (at, value) in enumerate(zip(chart.x, series.values, strict=True)):
        if value is not None:
            floor = (series.low[place] or 0.0) if chart.stacked else 0.0
            left, right = max(_LEFT, x(at) - half), min(WIDTH - _RIGHT, x(at) + half)
            words = f"{series.name} {written(value - floor, chart.unit)}, {chart.x_words(at)}"
            yield Shape("area", series.tone, _box(left, right, y(value), y(floor)), words)


_Point = tuple[float, float, float]


def _runs(
    at: Sequence[float],
    low: Sequence[float | None],
    high: Sequence[float | None],
    *,
    step: bool,
) -> Iterator[list[_Point]]:
    """Stretches without a gap: (x, low, high); a step holds its value until the next."""
    run: list[_Point] = []
    for place, (below, above) in enumerate(zip(low, high, strict=True)):
        known, top = finite(below), finite(above)
        if known is None or top is None:
            if run:
                yield run
            run = []
            continue
        if step and run:
            run.append((at[place], run[-1][1], run[-1][2]))
        run.append((at[place], known, top))
    if run:
        yield run


def _points(run: Sequence[_Point], x: _Place, y: _Place) -> list[str]:
    return [f"{x(at)} {y(high)}" for at, _, high in run]


def _box(left: float, right: float, top: float, bottom: float) -> str:
    return f"M{left:.1f} {top:.1f}H{right:.1f}V{bottom:.1f}H{left:.1f}Z"


# More are a line already.
_MOST_DOTS = 60


def _dots(chart: Chart, x: _Place, y: _Place) -> Iterator[Dot]:
    if chart.stacked or len(chart.x) > _MOST_DOTS:
        return
    for series in chart.series:
        if series.kind not in {"line", "points"}:
            continue
        for place, (at, value) in enumerate(zip(chart.x, series.values, strict=True)):
            known = finite(value)
            if known is not None:
                note = f", {series.notes[place]}" if series.notes else ""
                words = f"{series.name} {written(known, chart.unit)}{note}, {chart.x_words(at)}"
                yield Dot(x(at), y(known), series.tone, words)
