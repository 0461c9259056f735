import itertools
import math

import pytest
from factories.certified import choose
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.thresholds.grid import candidates_around


@pytest.mark.parametrize(
    ("current", "step", "grid", "expected"),
    [
        (0.5, 0.1, 0.01, (0.6, 0.4, 21)),
        (0.95, 0.1, 0.01, (1.0, 0.85, 16)),
        (0.0, 0.1, 0.01, (0.1, 0.0, 11)),
        (0.57, 0.0, 0.01, (0.57, 0.57, 1)),
        (0.29, 0.29, 0.01, (0.58, 0.0, 59)),
        (0.5, 0.1, 0.05, (0.6, 0.4, 5)),
        (0.5, 0.12, 0.05, (0.6, 0.4, 5)),
        (0.5, 1.0, 0.01, (1.0, 0.0, 101)),
        (0.7000000000000001, 0.1, 0.01, (0.8, 0.6, 21)),
    ],
)
def test_candidates_are_exact_hundredths_inside_the_step(
    current: float, step: float, grid: float, expected: tuple[float, float, int]
) -> None:
    choice = choose([1.0] * 500, [0] * 500, current=current, step=step, grid=grid)
    tested = list(choice.bounds)
    assert (tested[0], tested[-1], len(tested)) == expected
    assert all(threshold == round(threshold, 2) for threshold in tested)
    assert choice.threshold == tested[-1]


cents = st.integers(0, 100)


@given(cents, cents, st.integers(1, 20))
def test_candidates_fall_by_the_grid_around_the_present_one(
    current: int, step: int, grid: int
) -> None:
    found = candidates_around(current / 100, step / 100, grid / 100)
    assert current / 100 in found
    assert all(0 <= value <= 1 and value == round(value, 2) for value in found)
    assert all(abs(round(100 * value) - current) <= step for value in found)
    gaps = [round(100 * (a - b)) for a, b in itertools.pairwise(found)]
    assert set(gaps) <= {grid}


@given(cents)
def test_no_step_is_the_present_threshold_alone(current: int) -> None:
    assert candidates_around(current / 100, 0, 0.01) == [current / 100]


def test_a_threshold_of_more_decimals_is_taken_to_two() -> None:
    assert candidates_around(0.7049999, 0, 0.01) == [0.7]


@pytest.mark.parametrize(
    ("current", "step", "grid", "words"),
    [
        (-0.01, 0.1, 0.01, "current must lie in"),
        (math.nan, 0.1, 0.01, "current must lie in"),
        (0.5, 1.01, 0.01, "step must lie in"),
        (0.5, math.inf, 0.01, "step must lie in"),
        (0.5, 0.1, 1.5, "grid must lie in"),
        (0.5, 0.1, 0.0, "positive multiple of 0.01"),
        (0.5, 0.1, 0.005, "positive multiple of 0.01"),
        (0.5, 0.1, 0.0149, "positive multiple of 0.01"),
    ],
)
def test_what_is_no_grid_is_refused(current: float, step: float, grid: float, words: str) -> None:
    with pytest.raises(EvidenceError, match=words):
        candidates_around(current, step, grid)
