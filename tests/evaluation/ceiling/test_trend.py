"""What is said of a year of probes, and what is not."""

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.ceiling.trend import (
    FLAT_WITHIN,
    LEAST,
    Passed,
    probe_trend,
)

TODAY = dt.date(2026, 11, 30)


def month(number: int) -> dt.date:
    return dt.date(2026, number, 1)


def passed(number: int, good: int, n: int = 1_000, **changes: Any) -> Passed:
    of = {"version": "probes/1", "model": "large-1"} | changes
    return Passed(month(number), of["version"], of["model"], n, good)


@pytest.mark.parametrize(
    ("good", "direction"),
    [(900, "flat"), (910, "flat"), (700, "down"), (980, "up"), (860, "unknown"), (930, "unknown")],
)
def test_a_change_of_probes_has_a_direction(good: int, direction: str) -> None:
    found = probe_trend([passed(3, 900), passed(10, good)], today=TODAY)
    assert (found.direction, found.since, found.until) == (direction, month(3), month(10))
    assert found.change.value == pytest.approx((good - 900) / 1_000)
    assert bool(found.why) == (direction == "unknown")


def test_a_small_change_that_is_sure_is_flat() -> None:
    """Two points of 40,000 answers are real, and nobody would act on them."""
    found = probe_trend([passed(3, 36_000, 40_000), passed(10, 35_200, 40_000)], today=TODAY)
    assert found.change.high < 0
    assert found.direction == "flat"


def test_the_present_month_is_not_over() -> None:
    found = probe_trend([passed(3, 900), passed(10, 900), passed(11, 100)], today=TODAY)
    assert (found.direction, found.until) == ("flat", month(10))
    assert probe_trend([passed(10, 900), passed(11, 900)], today=TODAY).direction == "unknown"
    # A day later it is.
    assert probe_trend([passed(10, 900), passed(11, 900)], today=dt.date(2026, 12, 1)).until == (
        month(11)
    )


def test_another_set_of_probes_begins_anew() -> None:
    old = [passed(n, 500, version="probes/0") for n in (1, 2, 3)]
    found = probe_trend([*old, passed(9, 900), passed(10, 900)], today=TODAY)
    assert (found.direction, found.since) == ("flat", month(9))
    alone = probe_trend([*old, passed(10, 900)], today=TODAY)
    assert alone.why == "two whole months of the same probes are needed; there is one"


def test_another_model_does_not() -> None:
    """It is the tier that is to stay as good, whoever serves it; two of a month are one month."""
    months = [passed(9, 900), *(passed(10, 300, 500, model=f"large-{n}") for n in (1, 2))]
    found = probe_trend(months, today=TODAY)
    assert (found.direction, found.change.value) == ("down", pytest.approx(-0.3))


@pytest.mark.parametrize(
    ("months", "there"),
    [
        ([], "none"),
        ([passed(10, 5, LEAST - 1), passed(9, 5, LEAST - 1)], f"none with {LEAST} answers"),
        ([passed(10, 5, LEAST - 1), passed(9, 5, LEAST)], "one"),
    ],
)
def test_too_little_is_said_to_be(months: list[Passed], there: str) -> None:
    found = probe_trend(months, today=TODAY)
    assert found.why == f"two whole months of the same probes are needed; there is {there}"
    assert (found.direction, found.since, found.change.value) == ("unknown", None, None)


def test_a_tier_that_stays_is_seldom_called_down_or_up() -> None:
    """Ten months at .9 of 300, looked at nine times: 500 such years, of which 5 % may be wrong."""
    rng = np.random.default_rng(7)
    wrong = 0
    for counts in rng.binomial(300, 0.9, (500, 10)):
        months = [passed(n + 1, int(good), 300) for n, good in enumerate(counts)]
        said = {
            probe_trend(months[:k], today=dt.date(2026, k + 1, 1)).direction for k in range(2, 11)
        }
        wrong += not said.isdisjoint({"down", "up"})
    assert wrong / 500 < 0.05


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_direction_is_what_its_interval_says(before: int, after: int) -> None:
    found = probe_trend([passed(3, before, 300), passed(10, after, 300)], today=TODAY)
    low, high = found.change.low, found.change.high
    if found.direction == "down":
        assert high < 0
    elif found.direction == "up":
        assert low > 0
    elif found.direction == "flat":
        assert -FLAT_WITHIN < low <= high < FLAT_WITHIN
    else:
        assert found.why
