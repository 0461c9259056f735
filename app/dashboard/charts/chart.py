"""A chart as a value: numbers with their names, units, limits and events, nothing of pixels.

A page builds it and gives it to its template, which writes ``{{ charts.figure(page.path) }}``::

    Chart(
        title="Misroute rate of simple",
        says="The shaded band is the 95 % interval, valid however often you check.",
        x=(1_795_000_000.0, 1_795_003_600.0),            # seconds since 1970
        series=(Series("misroute rate", (0.031, 0.052), low=(0.022, 0.04), high=(0.044, 0.07)),),
        levels=(Level("tolerated", 0.05, "warn"),),
        marks=(Mark(1_795_002_000.0, "policy 3 active", href="/policies"),),
    )

On an axis that is no time, ``x_name`` says what it is and ``x_unit`` how it is written: a threshold
is a ``"number"``. ``regions`` shade a part of the axis (where a bound is certified). ``log=True``
is for evidence that grows by factors, as of a monitor against its alarm line; values of 0 and below
are gaps there. ``stacked=True`` lays the series upon one another, the first at the bottom.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

from tierwatch.dashboard.charts.ticks import moment_words
from tierwatch.dashboard.figures import count, percent, usd

Unit = Literal["share", "usd", "count", "number"]
Tone = Literal["one", "two", "three", "four", "five", "six", "good", "warn", "bad", "quiet"]
Values = tuple[float | None, ...]

# Numbers from one to the other are written out, with commas.
_THOUSAND, _COUNTLESS = 1e3, 1e15

# In the order in which series of one chart take them.
TONES: tuple[Tone, ...] = ("one", "two", "three", "four", "five", "six")


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or column of the table.

    Attributes:
        name: in the legend.
        values: one for each x; None is a gap, not a zero.
        low: lower ends of intervals, likewise; empty for none.
        high: upper ends.
        notes: words for each x, in the table and on hover, as "310 pairs"; empty for none.
        tone: its colour.
        kind: ``line``, ``step`` (holds until the next) or ``bars``; ``points`` are not joined.
    """

    name: str
    values: Values
    low: Values = ()
    high: Values = ()
    notes: tuple[str, ...] = ()
    tone: Tone = "one"
    kind: Literal["line", "step", "bars", "points"] = "line"


@dataclass(frozen=True, slots=True)
class Level:
    """A limit: a dashed line across, with its name."""

    name: str
    value: float
    tone: Tone = "warn"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at ``at``; ``href`` leads to it."""

    at: float
    words: str
    tone: Tone = "quiet"
    href: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the x axis that is shaded, with its name."""

    start: float
    end: float
    name: str
    tone: Tone = "good"


@dataclass(frozen=True, slots=True)
class TableRow:
    """What is known at one x, in words."""

    at: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart (the module's description has an example).

    Attributes:
        title: what it is of.
        says: how it is to be read, in a sentence or two; shown below the title.
        x: ascending; seconds since 1970 unless ``x_name`` says what else.
        series: each with a value for every x.
        unit: of the values.
        levels: limits.
        marks: events; those outside ``span`` are left out.
        regions: shaded parts of the x axis.
        span: first and last x shown; those of ``x`` when None.
        x_name: of an axis that is no time.
        x_unit: of such an axis.
        stacked: whether the series are parts of a sum.
        log: whether the values grow by factors.
        missing: why there is nothing to draw; shown in place of the picture.

    Raises:
        ValueError: a series has not as many values as there are x, or these do not ascend.
    """

    title: str
    says: str
    x: tuple[float, ...]
    series: tuple[Series, ...]
    unit: Unit = "share"
    levels: tuple[Level, ...] = ()
    marks: tuple[Mark, ...] = ()
    regions: tuple[Region, ...] = ()
    span: tuple[float, float] | None = None
    x_name: str = ""
    x_unit: Unit = "number"
    stacked: bool = False
    log: bool = False
    missing: str = ""

    def __post_init__(self) -> None:
        for one in self.series:
            for part in (one.values, one.low or one.values, one.high or one.values):
                if len(part) != len(self.x):
                    raise ValueError(f"{one.name}: {len(part)} values for {len(self.x)} x")
        if any(after <= before for before, after in zip(self.x, self.x[1:], strict=False)):
            raise ValueError(f"{self.title}: x must ascend")

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(value is not None for one in self.series for value in one.values)

    @property
    def timed(self) -> bool:
        """Whether the x axis is time."""
        return not self.x_name

    @property
    def shown(self) -> tuple[float, float]:
        """First and last x shown; never equal."""
        start, end = self.span or ((self.x[0], self.x[-1]) if self.x else (0.0, 1.0))
        return (start, end) if end > start else (start - 0.5, start + 0.5)

    @property
    def marks_shown(self) -> tuple[Mark, ...]:
        """The events inside, oldest first."""
        start, end = self.shown
        return tuple(
            sorted((mark for mark in self.marks if start <= mark.at <= end), key=lambda one: one.at)
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Heads of the table's columns after the first."""
        return tuple(one.name for one in self.series)

    @property
    def rows(self) -> tuple[TableRow, ...]:
        """The table behind the picture, newest first where x is time; empty lines are left out."""
        found = [
            TableRow(self.x_words(at), tuple(self._cell(one, place) for one in self.series))
            for place, at in enumerate(self.x)
            if any(one.values[place] is not None for one in self.series)
        ]
        return tuple(reversed(found) if self.timed else found)

    @property
    def summary(self) -> str:
        """The picture in a sentence, for who does not see it: what it ends with, and its limits."""
        said = []
        for one in self.series:
            known = [place for place, value in enumerate(one.values) if value is not None]
            if known:
                at = self.x_words(self.x[known[-1]])
                said.append(f"{one.name} {self._cell(one, known[-1])} at {at}")
        said += [f"{level.name} {written(level.value, self.unit)}" for level in self.levels]
        return f"{self.title}: {'; '.join(said) or self.missing or 'nothing to draw'}."

    def x_words(self, at: float) -> str:
        """A place on the x axis in words: a moment in UTC, or a number."""
        if self.timed:
            return moment_words(at)
        return f"{at:.2f}" if self.x_unit == "number" else written(at, self.x_unit)

    def _cell(self, series: Series, place: int) -> str:
        value = series.values[place]
        if value is None:
            return ""
        words = written(value, self.unit)
        low = series.low[place] if series.low else None
        high = series.high[place] if series.high else None
        if low is not None and high is not None:
            words += f" ({written(low, self.unit)} to {written(high, self.unit)})"
        return f"{words}, {series.notes[place]}" if series.notes else words

    @property
    def drawing(self) -> dict[str, Any]:
        """What static/charts.js draws from, ready for JSON."""
        return {
            "x": self.x,
            "timed": self.timed,
            "xUnit": self.x_unit,
            "unit": self.unit,
            "span": self.shown,
            "stacked": self.stacked,
            "log": self.log,
            "series": [
                {
                    "name": one.name,
                    "tone": one.tone,
                    "kind": one.kind,
                    "values": one.values,
                    "low": one.low,
                    "high": one.high,
                    "notes": one.notes,
                }
                for one in self.series
            ],
            "levels": [
                {"name": one.name, "value": one.value, "tone": one.tone} for one in self.levels
            ],
            "marks": [
                {"at": one.at, "words": one.words, "tone": one.tone} for one in self.marks_shown
            ],
            "regions": [
                {"start": one.start, "end": one.end, "tone": one.tone} for one in self.regions
            ],
        }


def written(value: float, unit: Unit) -> str:
    """A value with its unit, as pages write it.

    >>> [written(0.05, "share"), written(0.25, "usd"), written(0.0415, "number")]
    ['5.0 %', '$0.25', '0.0415']
    >>> [written(12345.6, "number"), written(1e7, "number"), written(1e19, "number")]
    ['12,300', '10,000,000', '1e+19']
    """
    if unit == "share":
        return percent(value)
    if unit == "usd":
        return usd(value)
    if unit == "count":
        return count(value)
    short = f"{value:.3g}"
    return f"{float(short):,.0f}" if _THOUSAND <= abs(value) < _COUNTLESS else short


def finite(value: float | None) -> float | None:
    """A value that can be drawn, or None.

    >>> finite(1.0), finite(math.inf), finite(math.nan), finite(None)
    (1.0, None, None, None)
    """
    return value if value is not None and math.isfinite(value) else None
