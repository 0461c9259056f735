import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.attribution.interval import Interval, paired_difference

values = st.floats(-1, 1)
widths = st.floats(0, 1)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    value = draw(values)
    return Interval(value, value - draw(widths), value + draw(widths))


def test_a_normal_error_reaches_as_far_either_way() -> None:
    # .1 -+ 1.96 * .02
    assert Interval.normal(0.1, 0.02, 1.96) == Interval(
        0.1, pytest.approx(0.0608), pytest.approx(0.1392)
    )
    assert Interval.normal(0.1, 0.0, 1.96) == Interval(0.1, 0.1, 0.1)


def test_a_sum_adds_the_squares_of_its_distances() -> None:
    # Downwards hypot(.03, .04) = .05, upwards hypot(.08, .06) = .1.
    total = Interval(0.2, 0.17, 0.28).plus(Interval(-0.1, -0.14, -0.04))
    assert (total.value, total.low, total.high) == pytest.approx((0.1, 0.05, 0.2))


@given(intervals(), intervals())
def test_a_sum_does_not_depend_on_the_order(one: Interval, other: Interval) -> None:
    assert one.plus(other) == other.plus(one)
    assert one.plus(other).low <= one.value + other.value <= one.plus(other).high


@given(intervals(), intervals())
def test_a_difference_is_the_sum_with_the_other_turned_round(
    one: Interval, other: Interval
) -> None:
    less, more = one.plus(other.negated()), other.plus(one.negated())
    assert (less.value, less.low, less.high) == pytest.approx((-more.value, -more.high, -more.low))


@given(intervals())
def test_turning_round_twice_changes_nothing_and_keeps_the_width(one: Interval) -> None:
    assert one.negated().negated() == one
    turned = one.negated()
    assert turned.high - turned.low == pytest.approx(one.high - one.low)


@given(intervals(), st.floats(0, 1))
def test_scaling_scales_all_three(one: Interval, factor: float) -> None:
    scaled = one.times(factor)
    assert (scaled.value, scaled.low, scaled.high) == (
        factor * one.value,
        factor * one.low,
        factor * one.high,
    )


def test_a_certain_difference_adds_nothing_to_the_width() -> None:
    one = Interval(0.2, 0.1, 0.4)
    moved = one.plus(Interval(0.05, 0.05, 0.05))
    assert (moved.value, moved.low, moved.high) == pytest.approx((0.25, 0.15, 0.45))


def test_as_a_figure_it_is_cut_to_what_a_difference_can_be() -> None:
    found = Interval(0.9, -1.3, 1.4).estimate(12, "made up")
    assert (found.value, found.low, found.high, found.n) == (0.9, -1.0, 1.0, 12)
    assert Interval(math.nan, -1.0, 1.0).estimate(0, "no anchors").value is None


@pytest.mark.parametrize(("up", "down", "n"), [(12, 2, 200), (0, 5, 60), (3, 3, 40), (7, 0, 9)])
def test_the_paired_interval_inverts_the_score_test(up: int, down: int, n: int) -> None:
    value, low, high = paired_difference(up, down, n, 0.95)
    assert value == (up - down) / n
    for end in (low, high):
        # The share of downs that makes the counts most likely when the difference is `end`.
        def unlikely(q: float, end: float = end) -> float:
            cells = np.array([q + end, q, 1 - 2 * q - end])
            return -float(np.array([up, down, n - up - down]) @ np.log(np.maximum(cells, 1e-300)))

        q = optimize.minimize_scalar(
            unlikely,
            bounds=(max(0.0, -end), (1 - end) / 2),
            method="bounded",
            options={"xatol": 1e-10},
        ).x
        z = (up - down - n * end) / math.sqrt(n * (2 * q + end * (1 - end)))
        assert abs(z) == pytest.approx(1.95996, rel=1e-3)


def test_the_paired_interval_at_its_edges() -> None:
    assert paired_difference(0, 0, 0, 0.95) == (0.0, -1.0, 1.0)
    z2 = 1.959964**2
    assert paired_difference(0, 0, 50, 0.95) == pytest.approx((0, -z2 / (50 + z2), z2 / (50 + z2)))
    assert paired_difference(5, 0, 5, 0.95)[2] == 1.0
    assert paired_difference(0, 5, 5, 0.95)[1] == -1.0
    with pytest.raises(EvidenceError):
        paired_difference(3, 3, 5, 0.95)
