import doctest
import importlib

import pytest

from tierwatch.dashboard.figures import Figure, figure, reported_figure
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.loop.report.schema import Rate


def _figure(low: float | None, high: float | None, n: int = 50) -> Figure:
    return Figure(value=0.1, low=low, high=high, n=n, needed=30, method="")


@pytest.mark.parametrize(
    "name",
    [
        "access.login",
        "api.schema",
        "arguments",
        "figures",
        "passages",
        "site",
    ],
)
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(f"tierwatch.dashboard.{name}")
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


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


def test_no_rate_of_the_report_is_no_figure() -> None:
    assert reported_figure(None) is None


def test_an_estimate_keeps_its_numbers_and_opens_its_ends() -> None:
    shown = figure(Estimate(0.3, float("-inf"), 0.5, 12, "ratio"), needed=30)
    assert (shown.value, shown.low, shown.high) == (0.3, None, 0.5)
    assert not shown.enough
    assert figure(unknown()).against(0.05) == ""


def test_a_rate_of_the_report_is_read_too() -> None:
    shown = reported_figure(Rate(estimate=0.0, low=0.0, high=0.1, n=40, method="m"), needed=30)
    assert shown is not None
    assert shown.value == 0.0
    assert shown.enough
