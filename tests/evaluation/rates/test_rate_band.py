import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.confidence_sequence import always_valid, always_valid_interval
from tierwatch.evaluation.rates.rate_band import rate_band

nan = math.nan


def test_the_band_is_the_interval_at_every_n() -> None:
    rng = np.random.default_rng(3)
    losses = (rng.random(60) < 0.2).astype(float)
    band = rate_band(losses)
    assert band.n.tolist() == list(range(1, 61))
    for n, value, low, high in zip(band.n, band.value, band.low, band.high, strict=True):
        bad = losses[:n].sum()
        assert value == bad / n
        assert (low, high) == pytest.approx(always_valid_interval(bad, n), abs=1e-12)
    some = rate_band(losses, at=[60, 5, 5])
    assert some.n.tolist() == [5, 60]
    assert some.low.tolist() == band.low[[4, 59]].tolist()


@pytest.mark.parametrize("at", [[0], [3], [1.5], [nan], ["one"]])
def test_places_that_are_not_there_are_refused(at: list[float]) -> None:
    with pytest.raises(EvidenceError, match="places"):
        rate_band([0, 1], at=at)
    with pytest.raises(EvidenceError, match="place"):
        rate_band([], at=[1])


losses = st.lists(st.sampled_from([0.0, 1.0, 0.5]), min_size=1, max_size=60)


@given(losses, st.floats(0.5, 0.99))
def test_the_last_point_is_the_estimate_of_today(x: list[float], level: float) -> None:
    band, today = rate_band(x, level=level), always_valid(x, level=level)
    assert (band.n[-1], band.value[-1]) == (len(x), pytest.approx(today.value))
    assert (band.low[-1], band.high[-1]) == pytest.approx((today.low, today.high))


@given(losses)
def test_each_value_lies_in_its_band(x: list[float]) -> None:
    band = rate_band(x)
    assert (band.low <= band.value + 1e-9).all()
    assert (band.value <= band.high + 1e-9).all()
    assert (band.low >= 0).all()
    assert (band.high <= 1).all()


@given(losses)
def test_a_point_knows_nothing_of_what_comes_later(x: list[float]) -> None:
    whole, half = rate_band(x), rate_band(x[: (len(x) + 1) // 2])
    k = half.n.size
    assert np.array_equal(whole.value[:k], half.value)
    assert np.array_equal(whole.high[:k], half.high)


def test_places_are_sorted_and_shown_once() -> None:
    band = rate_band([0, 1] * 10, at=[20, 4, 4, 1])
    assert band.n.tolist() == [1, 4, 20]


def test_no_pairs_are_a_band_of_none() -> None:
    assert rate_band([]).n.size == rate_band([], at=[]).value.size == 0


def test_a_lighter_pair_counts_less() -> None:
    # One bad pair of weight 1 beside a good one of a quarter: 1 of 1.25.
    assert rate_band([1, 0], [1.0, 0.25]).value[-1] == pytest.approx(0.8)
