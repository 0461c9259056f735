"""What evidence costs: twice the pairs halve the days, and a narrow interval is dear to narrow."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.sampling.pace import pace, pairs_to_rise
from tierwatch.evaluation.simulation.bursts import delays


def of(**changes: float) -> object:
    known = {"pairs": 700.0, "usd": 7.0, "days": 7.0, "density": 1.0, "width": 0.05, "n": 1_000}
    return pace(**(known | changes))  # type: ignore[arg-type]


def test_a_day_has_its_pairs_and_a_pair_its_price() -> None:
    found = pace(pairs=700, usd=7, days=7, density=1, width=0.05, n=1_000)
    assert found is not None
    assert (found.pairs_per_day, found.usd_per_pair) == (100, 0.01)
    assert found.days_to_rise == pytest.approx(5.07)
    assert found.usd_to_rise == pytest.approx(5.07)
    # From 5 points to 4 takes (5 / 4)^2 times the pairs: 562.5 more.
    assert found.usd_a_point == pytest.approx(5.625)
    assert found.days_a_point == pytest.approx(5.625)


@pytest.mark.parametrize(
    "changes", [{"pairs": 0}, {"pairs": -1}, {"days": 0}, {"pairs": math.nan}, {"usd": math.inf}]
)
def test_without_pairs_there_is_nothing_to_say(changes: dict[str, float]) -> None:
    assert of(**changes) is None


@pytest.mark.parametrize("width", [None, 0.0, 0.01])
def test_an_interval_that_is_unknown_or_narrow_has_no_price_a_point(width: float | None) -> None:
    found = pace(pairs=700, usd=7, days=7, density=1, width=width, n=1_000)
    assert found is not None
    assert (found.usd_a_point, found.days_a_point) == (None, None)
    assert found.days_to_rise > 0


@given(
    st.floats(1, 1e6), st.floats(0, 1e4), st.floats(0.1, 400), st.floats(0.0101, 1),
    st.integers(1, 10**6),
)  # fmt: skip
def test_more_pairs_a_day_are_sooner_and_each_costs_the_same(
    pairs: float, usd: float, days: float, width: float, n: int
) -> None:
    one = pace(pairs=pairs, usd=usd, days=days, density=1, width=width, n=n)
    two = pace(pairs=2 * pairs, usd=2 * usd, days=days, density=1, width=width, n=n)
    assert one is not None
    assert two is not None
    assert two.days_to_rise == pytest.approx(one.days_to_rise / 2)
    assert two.usd_to_rise == pytest.approx(one.usd_to_rise)
    assert two.usd_a_point == pytest.approx(one.usd_a_point)


@pytest.mark.slow
@pytest.mark.parametrize("density", [1.0, 2.0, 4.0, 10.0])
def test_the_pairs_to_a_rise_are_those_that_are_simulated(density: float) -> None:
    found = delays(1, rate=0.10, per_day=96.0, runs=400, density=density, before=0.05)
    assert pairs_to_rise(density) == pytest.approx(float(found.days.mean()) * 96, rel=0.1)
