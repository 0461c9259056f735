from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.loop.report.schema import figures


def test_an_estimate_is_given_as_it_is() -> None:
    assert figures(Estimate(0.1, 0.05, 0.2, 40, "ratio")) == {
        "estimate": 0.1, "low": 0.05, "high": 0.2, "n": 40, "method": "ratio",
    }  # fmt: skip


def test_an_end_that_is_open_is_none() -> None:
    assert figures(Estimate(0.7, float("-inf"), 0.9, 1, "Fieller"))["low"] is None


def test_what_is_unknown_has_no_value_and_not_zero() -> None:
    found = figures(unknown("no pairs"))
    assert (found["estimate"], found["n"], found["method"]) == (None, 0, "no pairs")
