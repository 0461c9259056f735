from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.simulation.certificate_rows import (
    FULL,
    QUICK,
    Effort,
    Row,
    in_words,
    mean_row,
    share_row,
)


def row(**changes: Any) -> Row:
    columns: dict[str, Any] = {
        "bar": "D1",
        "recipe": "no change",
        "measure": "runs with a false alarm",
        "value": 0.01,
        "low": 0.005,
        "high": 0.02,
        "limit": 0.0155,
        "at_least": False,
        "runs": 200,
    }
    return Row(**(columns | changes))


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "holds"),
        ({"value": 0.0155}, "holds"),
        ({"value": 0.016}, "undecided"),
        ({"value": 0.03, "low": 0.02}, "fails"),
        ({"at_least": True, "value": 0.95, "limit": 0.94}, "holds"),
        ({"at_least": True, "value": 0.93, "high": 0.96, "limit": 0.94}, "undecided"),
        ({"at_least": True, "value": 0.90, "high": 0.93, "limit": 0.94}, "fails"),
        ({"promised": False}, "holds"),
        ({"promised": False, "value": 0.016}, "not promised"),
        ({"promised": False, "value": 0.03, "low": 0.02}, "not promised"),
    ],
)
def test_a_bar_holds_is_open_or_fails(changes: dict[str, Any], verdict: str) -> None:
    assert row(**changes).verdict == verdict


def test_a_share_of_runs_has_the_exact_interval() -> None:
    found = share_row("D1", "no change", "runs with a false alarm", 3, 200, limit=0.0155)
    assert (found.value, found.low, found.high) == (0.015, *clopper_pearson(3, 200))
    assert (found.verdict, found.runs, found.others) == ("holds", 200, "")


def test_a_mean_over_runs_has_a_normal_interval() -> None:
    found = mean_row("D2", "a jump", "pairs", np.array([10.0, 20.0, 30.0, 40.0]), 30.0)
    # Mean 25, standard deviation 12.91, over sqrt(4), times 1.96.
    assert found.value == 25.0
    assert (found.low, found.high) == pytest.approx((25 - 12.65, 25 + 12.65), abs=0.01)
    assert found.runs == 4


@given(st.integers(1, 100_000), st.floats(0, 1))
def test_fewer_runs_are_never_fewer_than_the_least(runs: int, share: float) -> None:
    assert Effort(share, 1.0).of(runs) >= 20
    assert Effort(share, 1.0).of(runs, least=100) >= 100
    assert FULL.of(runs, least=1) == runs
    assert QUICK.of(2_000) == 300


@given(st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_a_measure_at_its_limit_holds_and_the_limit_is_on_one_side(
    value: float,
    limit: float,
    at_least: bool,  # noqa: FBT001 - drawn
) -> None:
    exact = row(value=value, low=value, high=value, limit=limit, at_least=at_least)
    kept = value >= limit if at_least else value <= limit
    assert exact.verdict == ("holds" if kept else "fails")


def test_others_are_told_in_percent_of_their_runs() -> None:
    assert in_words({}, 10) == ""
    assert in_words({"daily z-test": 199}, 200) == "daily z-test 100 %"
