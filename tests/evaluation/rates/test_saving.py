import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.ladder_quality import split_level
from tierwatch.evaluation.rates.saving import relative_saving

nan = math.nan


def test_the_saving_shows_its_arithmetic() -> None:
    # Spent 12 of 30: 1 - 12 / 30
    c, t = np.array([1, 2, 3, 1, 2, 3]), np.array([4, 5, 6, 5, 6, 4])
    saving = relative_saving(c, t)
    assert saving.value == pytest.approx(0.6)
    assert saving.n == 6
    # At each end the sum of c - R t is t(5) standard errors from 0.
    for end in (saving.low, saving.high):
        rest = c - (1 - end) * t
        error = math.sqrt(6 * rest.var(ddof=1))
        assert abs(rest.sum()) / error == pytest.approx(stats.t.ppf(0.975, 5))


def test_a_constant_ratio_leaves_nothing_open() -> None:
    saving = relative_saving([1, 2, 4] * 5, [4, 8, 16] * 5)
    assert (saving.low, saving.value, saving.high) == pytest.approx((0.75, 0.75, 0.75))


def test_routing_that_costs_more_than_the_top_tier_saves_less_than_nothing() -> None:
    saving = relative_saving([3, 3.2, 2.9, 3.1], [2, 2, 2, 2])
    assert saving.value == pytest.approx(1 - 12.2 / 8)
    assert saving.high < 0


def test_nothing_served_at_a_cost_saves_everything() -> None:
    saving = relative_saving([0, 0, 0], [4, 5, 6])
    assert (saving.low, saving.value, saving.high) == (1.0, 1.0, 1.0)


@given(
    minutes=st.lists(st.tuples(st.floats(0, 5), st.floats(0.5, 5)), min_size=2, max_size=40),
    exponent=st.sampled_from([-200, -9, 0, 9, 200]),
)
def test_the_saving_is_scale_free_and_inside_its_interval(
    minutes: list[tuple[float, float]], exponent: int
) -> None:
    c, t = np.array(minutes).T
    saving = relative_saving(c, t)
    assert saving.value is not None
    assert saving.low <= saving.value <= saving.high <= 1
    scaled = relative_saving(c * 10.0**exponent, t * 10.0**exponent)
    assert (scaled.low, scaled.high) == pytest.approx((saving.low, saving.high), rel=1e-6, abs=1e-6)


def test_empty_minutes_do_not_count() -> None:
    busy = relative_saving([1, 2, 3], [4, 4, 8])
    assert relative_saving([0, 1, 0, 2, 3, 0], [0, 4, 0, 4, 8, 0]) == busy


def test_a_saving_without_minutes_of_one_minute_and_of_free_tiers() -> None:
    for nothing in (relative_saving([], []), relative_saving([0, 0], [0, 0])):
        assert nothing.value is None
        assert (nothing.low, nothing.high) == (-sys.float_info.max, 1.0)
    assert relative_saving([1, 2], [0, 0]).value is None
    one = relative_saving([1], [4])
    assert (one.value, one.low, one.high, one.n) == (0.75, -sys.float_info.max, 1.0, 1)


def test_minutes_too_uneven_for_fieller_have_a_value_but_no_interval() -> None:
    # Two minutes, t(1) = 12.7: the top tier's sum is not surely above 0.
    saving = relative_saving([1, 1], [1, 9])
    assert saving.value == pytest.approx(0.8)
    assert (saving.low, saving.high) == (-sys.float_info.max, 1.0)
    assert "uneven" in saving.method


@pytest.mark.parametrize(
    ("served", "top", "words"),
    [
        ([1], [1, 2], "1 costs served for 2"),
        ([-1], [1], "costs served"),
        ([nan], [1], "costs served"),
        ([1], [math.inf], "top tier"),
        (["free"], [1], "not numbers"),
        ([[1]], [1], "one-dimensional"),
    ],
)
def test_costs_that_are_none_are_refused(served: object, top: object, words: str) -> None:
    with pytest.raises(EvidenceError, match=words):
        relative_saving(served, top)  # type: ignore[arg-type]  # some are not columns


def test_a_level_off_its_range_is_refused() -> None:
    with pytest.raises(EvidenceError, match="level"):
        relative_saving([1], [1], level=95)
    with pytest.raises(EvidenceError, match="level"):
        split_level(1.0, 2)
    with pytest.raises(EvidenceError, match="part"):
        split_level(0.95, 0)


def test_the_saving_covers_the_truth() -> None:
    """300 runs of 60 minutes: Poisson requests, a share on the cheap tier that varies by minute."""
    # A request costs 1 on the cheap tier and 10 on top, 60 % cheap on average: saving .6 * .9
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(300):
        requests = rng.poisson(rng.gamma(4, 5, 60))
        cheap = rng.binomial(requests, rng.beta(6, 4, 60))
        saving = relative_saving(cheap + 10.0 * (requests - cheap), 10.0 * requests)
        hits += saving.low <= 0.54 <= saving.high
    # .95 * 300 = 285, standard deviation 3.8
    assert hits >= 274
