"""The sigmoid, and the one that fits scores best."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.classify.platt import chance, fitted_sigmoid


@pytest.mark.parametrize(
    ("score", "expected"),
    [(0.0, 0.5), (1.0, 0.7310585786), (-1.0, 0.2689414214), (3.0, 0.9525741268)],
)
def test_a_chance_is_the_sigmoid_of_its_score(score: float, expected: float) -> None:
    assert chance(score) == pytest.approx(expected)


@pytest.mark.parametrize("score", [1e308, 701.0, math.inf])
def test_no_score_overflows(score: float) -> None:
    assert chance(score) == pytest.approx(1.0)
    assert 0 <= chance(-score) < 1e-300


@given(score=st.floats(-600, 600))
def test_the_chance_of_the_opposite_score_is_the_rest_to_one(score: float) -> None:
    assert chance(score) + chance(-score) == pytest.approx(1.0)


@given(low=st.floats(-40, 40), more=st.floats(0, 10))
def test_a_higher_score_is_never_a_smaller_chance(low: float, more: float) -> None:
    assert chance(low) <= chance(low + more)


def drawn(slope: float, offset: float, n: int = 4_000) -> list[tuple[float, float, float]]:
    """Points whose targets follow a sigmoid of their scores."""
    draw = random.Random(4)
    points = []
    for _ in range(n):
        score = draw.gauss(0, 1.5)
        points.append((score, float(draw.random() < chance(slope * score + offset)), 1.0))
    return points


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.5, 0.0), (2.0, -1.0), (0.7, 0.8)])
def test_the_sigmoid_that_made_the_points_is_found(slope: float, offset: float) -> None:
    found = fitted_sigmoid(drawn(slope, offset))
    # Of 4,000 points: a standard error of about .05 for either.
    assert found == (pytest.approx(slope, abs=0.15), pytest.approx(offset, abs=0.15))


def test_without_points_scores_are_left_as_they_are() -> None:
    assert fitted_sigmoid([]) == (1.0, 0.0)


def test_one_surprise_bends_the_scores_against_the_weight_of_ten_pairs() -> None:
    # With p = chance(2 a + b): 2 p + 2.5 (a - 1) = 0 and p + 2.5 b = 0, so a = 1 - .8 p, b = -.4 p
    # and p = chance(2 - 2 p), which p = .6626 solves.
    slope, offset = fitted_sigmoid([(2.0, 0.0, 1.0)])
    believed = chance(2 * slope + offset)
    assert believed == pytest.approx(0.6626, abs=1e-3)
    assert (slope, offset) == (pytest.approx(1 - 0.8 * believed), pytest.approx(-0.4 * believed))


def test_surprises_that_would_turn_the_order_round_are_not_taken() -> None:
    # Five of them: a = 1 - 4 p and p = chance(2 - 10 p) = .29, so a slope of -.16.
    assert fitted_sigmoid([(2.0, 0.0, 1.0)] * 5) == (1.0, 0.0)


def test_scores_that_point_the_wrong_way_are_not_turned_round() -> None:
    backwards = [(score, 1.0 - target, weight) for score, target, weight in drawn(3.0, 0.0)]
    assert fitted_sigmoid(backwards) == (1.0, 0.0)


@given(scale=st.floats(0.01, 100))
def test_only_the_proportion_of_weights_matters(scale: float) -> None:
    points = drawn(0.6, 0.4, 200)
    scaled = [(score, target, weight * scale) for score, target, weight in points]
    assert fitted_sigmoid(scaled) == pytest.approx(fitted_sigmoid(points), rel=1e-6)


@given(
    points=st.lists(
        st.tuples(st.floats(-50, 50), st.sampled_from([0.0, 1.0]), st.floats(1e-3, 1e3)),
        max_size=60,
    )
)
def test_whatever_the_points_the_slope_is_positive_and_finite(
    points: list[tuple[float, float, float]],
) -> None:
    slope, offset = fitted_sigmoid(points)
    assert 0 < slope < math.inf
    assert math.isfinite(offset)
