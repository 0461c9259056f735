"""Slips of labellers: from disagreements, and off the rates that rest on their labels."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.double_sampling import estimate_rate
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.label_slips import (
    ENOUGH_TWICE,
    LabelSlips,
    ends_without_slips,
    supposed,
    without_slips,
)

RATE = Estimate(0.095, 0.068, 0.14, 300, "double sampling")


@given(st.floats(0, 0.45))
def test_the_slip_rate_is_what_makes_two_labels_differ_so_often(slip: float) -> None:
    n = 10**9
    found = LabelSlips(round(2 * slip * (1 - slip) * n), n).rate()
    assert found.value == pytest.approx(slip, abs=1e-4)
    assert found.low <= found.value <= found.high


@given(st.integers(0, 200), st.integers(0, 200))
def test_its_interval_holds_it_and_ends_at_one_half(a: int, b: int) -> None:
    slips = LabelSlips(min(a, b), max(a, b))
    found = slips.rate()
    if slips.twice == 0:
        assert (found.value, found.high) == (None, 0.5)
    else:
        assert found.value is not None
        assert 0 <= found.low <= found.value <= found.high <= 0.5
        assert found.n == slips.twice


@pytest.mark.parametrize(("disagreed", "twice"), [(-1, 3), (4, 3), (0, -1)])
def test_counts_that_are_none_are_refused(disagreed: int, twice: int) -> None:
    with pytest.raises(EvidenceError, match="not a count"):
        LabelSlips(disagreed, twice)


def test_draws_are_clopper_and_pearsons_bounds() -> None:
    slips = LabelSlips(6, 60)
    least, most = slips.draws(np.random.default_rng(1), 200_000)
    assert (least <= most).all()
    known = slips.rate()
    assert np.quantile(least, 0.025) == pytest.approx(known.low, rel=0.02)
    assert np.quantile(most, 0.975) == pytest.approx(known.high, rel=0.02)


@pytest.mark.parametrize(("disagreed", "low", "high"), [(0, 0.0, None), (30, None, 0.5)])
def test_draws_at_the_ends_are_open(disagreed: int, low: float | None, high: float | None) -> None:
    least, most = LabelSlips(disagreed, 30).draws(np.random.default_rng(1), 1_000)
    assert low is None or (least == low).all()
    assert high is None or (most == high).all()


def test_a_known_share_of_slips_comes_off() -> None:
    found = without_slips(RATE, 0.05)
    assert (found.value, found.low, found.high) == (0.05, 0.02, 0.1)
    assert found.method == "double sampling, slips of 5.0 %"
    assert supposed(RATE) == found
    assert without_slips(RATE, 0.0).value == RATE.value


def test_more_slips_than_found_leave_nothing() -> None:
    found = without_slips(RATE, 0.1)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(0.05)


def test_without_a_rate_there_is_none_to_correct() -> None:
    assert without_slips(unknown(), 0.05) == unknown()


@pytest.mark.parametrize("slip", [-0.01, 0.5, 1.0, math.nan])
def test_a_share_that_says_anything_is_refused(slip: float) -> None:
    with pytest.raises(EvidenceError, match="slip rate"):
        without_slips(RATE, slip)


def test_labels_that_say_nothing_leave_everything_possible() -> None:
    flat = np.full(2_000, 0.5)
    low, high = ends_without_slips(flat, flat, LabelSlips(15, 30), np.random.default_rng(0))
    assert np.quantile(low, 0.025) == 0.0
    assert np.quantile(high, 0.975) == 1.0


@given(st.integers(0, 12), st.floats(0, 1))
def test_ends_are_shares_and_in_order(disagreed: int, rate: float) -> None:
    draws = np.full(200, rate)
    slips = LabelSlips(disagreed, 40)
    low, high = ends_without_slips(draws, draws, slips, np.random.default_rng(3))
    assert ((low >= 0) & (high <= 1) & (low <= high + 1e-12)).all()


def _labelled(slip: float, seed: int = 0) -> tuple[list[float], list[float]]:
    rng = np.random.default_rng(seed)
    bad = rng.random(2_000) < 0.05
    said = bad ^ (rng.random(2_000) < slip)
    return list(map(float, bad)), [*map(float, said[:1_000]), *[math.nan] * 1_000]


def test_a_corrected_rate_takes_slips_off_and_says_so() -> None:
    judged, labels = _labelled(0.05)
    as_truth = estimate_rate(judged, None, None, labels)
    corrected = estimate_rate(judged, None, None, labels, slips=LabelSlips(19, 200))
    assert as_truth.value == pytest.approx(0.095, abs=0.015)
    assert corrected.value == pytest.approx(0.05, abs=0.015)
    assert corrected.low < 0.05 < corrected.high
    # What is not known of the slips is in the interval.
    assert corrected.high - corrected.low > as_truth.high - as_truth.low
    assert corrected.method.endswith(", slips of 5.0 % by 200 second labels")


def test_too_few_second_labels_change_nothing() -> None:
    judged, labels = _labelled(0.05)
    few = LabelSlips(3, ENOUGH_TWICE - 1)
    assert not few.measured
    plain = estimate_rate(judged, None, None, labels)
    assert estimate_rate(judged, None, None, labels, slips=few) == plain


def test_people_who_toss_coins_correct_nothing() -> None:
    judged, labels = _labelled(0.5)
    found = estimate_rate(judged, None, None, labels, slips=LabelSlips(52, 100))
    assert found.value is None
    assert found.method.startswith("two people disagree on about half")


def test_more_second_labels_make_it_narrower() -> None:
    judged, labels = _labelled(0.02)
    widths = []
    for twice in (25, 100, 400, 1_600):
        slips = LabelSlips(round(0.0392 * twice), twice)
        found = estimate_rate(judged, None, None, labels, slips=slips)
        widths.append(found.high - found.low)
    assert widths == sorted(widths, reverse=True)


def test_three_words_that_slip_to_each_other_word_alike_are_corrected_so_far() -> None:
    """Slips of s: a worse answer is missed with s, another accused with s / 2; .94 at 10 %."""
    s, rate = 0.10, 0.05
    found = (1 - rate) * s / 2 + rate * (1 - s)
    d = 2 * ((1 - rate) * s / 2 * (1 - s / 2) + rate * s * (1 - s))
    e = (1 - math.sqrt(1 - 2 * d)) / 2
    assert (found - e) / (1 - 2 * e) == pytest.approx(rate, rel=0.12)
