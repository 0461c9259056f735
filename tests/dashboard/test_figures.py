import doctest
import importlib

import pytest

from tierwatch.dashboard.figures import CHART_BUCKETS, Figure, chart, figure
from tierwatch.store.pages.overview import LossSums


@pytest.mark.parametrize("name", ["access", "figures", "openapi", "passages", "site", "views"])
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(f"tierwatch.dashboard.{name}")
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def _figure(low: float | None, high: float | None, n: int = 50) -> Figure:
    return Figure(value=0.1, low=low, high=high, n=n, needed=30, method="")


@pytest.mark.parametrize(
    ("low", "high", "n", "said"),
    [
        (0.01, 0.05, 50, "within"),
        (0.06, 0.2, 50, "above"),
        (0.01, 0.2, 50, "undecided"),
        (0.05, 0.2, 50, "undecided"),
        (None, None, 50, "undecided"),
        (0.06, 0.2, 29, ""),
    ],
)
def test_where_an_interval_lies(low: float | None, high: float | None, n: int, said: str) -> None:
    assert _figure(low, high, n).against(0.05) == said
    assert _figure(low, high, n).against(None) == ""


def test_no_estimate_is_no_figure() -> None:
    assert figure(None) is None
    assert figure({}) is None


def test_report_form_of_an_estimate_is_read_too() -> None:
    told = figure({"estimate": 0.0, "low": 0.0, "high": 0.1, "n": 40, "method": "m"}, needed=30)
    assert told is not None
    assert told.value == 0.0
    assert told.enough


def _sums(bucket: int, n: int, losses: float) -> LossSums:
    return LossSums("simple", bucket, bucket * 10, bucket * 10 + 9, n, n, n, losses)


def test_chart_has_a_gap_where_there_are_no_pairs() -> None:
    drawn = chart("simple", [_sums(0, 100, 0.0), _sums(CHART_BUCKETS - 1, 100, 30.0)], 0.05)
    assert drawn is not None
    first, last = drawn.bars
    assert first.state == ""
    assert first.middle == first.bottom == drawn.height
    assert last.state == "above"
    assert last.top < last.middle < last.bottom < drawn.height
    assert 0 < first.x < last.x < drawn.width
    assert "requests 150 to 159: 30.0 %" in last.title
    assert (drawn.first_request, drawn.last_request) == (0, 159)


def test_chart_of_only_losses_and_without_tolerance_stays_inside() -> None:
    drawn = chart("simple", [_sums(0, 1, 1.0)], None)
    assert drawn is not None
    (bar,) = drawn.bars
    assert bar.top == bar.middle == 0
    assert bar.bottom <= drawn.height
    assert drawn.tolerance_y is None
    assert bar.state == ""


def test_no_chart_without_pairs() -> None:
    assert chart("simple", [], 0.05) is None
