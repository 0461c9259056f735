"""When a burst begins and ends, what it may cost, and that it never samples less than planned."""

import math
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.sampling.burst import (
    AS_PLANNED,
    Burst,
    Densities,
    affordable_density,
    is_suspicious,
)

LEVEL = 2e7


@given(st.floats(0, 1e14))
def test_what_begins_a_burst_keeps_it_going(statistic: float) -> None:
    if is_suspicious(statistic, LEVEL, bursting=False):
        assert is_suspicious(statistic, LEVEL, bursting=True)


@pytest.mark.parametrize("level", [3e6, 1e7, 2e7])
def test_it_begins_at_a_three_thousandth_and_ends_below_a_tenth_of_that(level: float) -> None:
    begin = level / 3_000
    assert is_suspicious(begin * 1.001, level, bursting=False)
    assert not is_suspicious(begin * 0.999, level, bursting=False)
    assert is_suspicious(begin / 10 * 1.001, level, bursting=True)
    assert not is_suspicious(begin / 10 * 0.999, level, bursting=True)


@pytest.mark.parametrize("level", [2.0, 1e5, 2e6])
def test_at_a_low_level_it_takes_a_thousand(level: float) -> None:
    assert not is_suspicious(999.0, level, bursting=False)
    assert is_suspicious(1_000.0, level, bursting=False)
    assert is_suspicious(101.0, level, bursting=True)
    assert not is_suspicious(99.0, level, bursting=True)


def test_a_stream_beyond_its_level_without_an_alert_is_still_suspicious() -> None:
    # Too few pairs to say anything: more of them are what it needs.
    assert is_suspicious(LEVEL * 1e6, LEVEL, bursting=False)


@example(2.0, 1.192092896e-07, 3.0)
@given(st.floats(1, 100), st.none() | st.floats(-100, 1_000), st.floats(0, 100))
def test_the_money_allows_from_as_planned_to_what_is_asked(
    asked: float, left: float | None, plain: float
) -> None:
    density = affordable_density(asked, left_usd=left, plain_usd=plain)
    assert 1 <= density <= asked
    if left is not None and density > 1:
        # A density is written from 1 on, so its surplus is known to the last bits of 1 only.
        assert (density - 1) * plain <= left * (1 + 1e-9) + plain * sys.float_info.epsilon


def test_a_segment_that_costs_nothing_may_have_all() -> None:
    assert affordable_density(10.0, left_usd=0.01, plain_usd=0.0) == 10.0
    assert affordable_density(10.0, left_usd=0.0, plain_usd=0.0) == 1.0


@pytest.mark.parametrize("density", [0.5, 0.0, -1.0, math.nan])
def test_no_burst_samples_less_than_planned(density: float) -> None:
    with pytest.raises(EvidenceError, match="at least as densely as 1"):
        Burst(density, 0.0)


def test_without_a_burst_both_densities_are_one() -> None:
    assert Densities() == AS_PLANNED == Densities(1.0, 1.0)
