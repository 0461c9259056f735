import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.attribution.cells import Cell


def test_cells_are_the_sums_of_their_pairs() -> None:
    assert Cell.of([], []) == Cell(0, 0.0, 0.0, 0.0)
    assert Cell.of([1, 0, 0.5], [2, 1, 4]) == Cell(3, 7.0, 21.0, 4.0)
    assert Cell.of([1, 0, 0.5], [2, 1, 4]).effective == pytest.approx(49 / 21)
    assert math.isnan(Cell.of([], []).rate)


@pytest.mark.parametrize(
    ("n", "weight", "squared", "loss", "words"),
    [
        (-1, 0.0, 0.0, 0.0, "n >= 0"),
        (1, math.nan, 1.0, 0.0, "finite"),
        (1, 1.0, math.inf, 0.0, "finite"),
        (0, 1.0, 1.0, 0.0, "without pairs"),
        (0, 0.0, 0.0, 1.0, "without pairs"),
        (2, 0.0, 0.0, 0.0, "positive"),
        (2, -2.0, 2.0, 0.0, "positive"),
        (2, 2.0, 1.0, 0.0, "squared weights"),
        (2, 2.0, 5.0, 0.0, "squared weights"),
        (2, 2.0, 2.0, -0.1, "weighted loss"),
        (2, 2.0, 2.0, 2.1, "weighted loss"),
        (2, 2.0, 2.0, math.nan, "finite"),
    ],
)
def test_sums_no_pairs_can_have_are_refused(
    n: int, weight: float, squared: float, loss: float, words: str
) -> None:
    with pytest.raises(EvidenceError, match=words):
        Cell(n, weight, squared, loss)


@pytest.mark.parametrize(
    ("losses", "weights"),
    [([1, 0], [1]), ([2], [1]), ([math.nan], [1]), ([0], [-1]), ([0], [0]), ([0], [math.inf])],
)
def test_pairs_off_their_range_make_no_cell(losses: list[float], weights: list[float]) -> None:
    with pytest.raises(EvidenceError):
        Cell.of(losses, weights)


pair = st.tuples(st.floats(0, 1), st.floats(0.01, 100))
pairs_of_a_cell = st.lists(pair, min_size=1, max_size=30)


@given(pairs_of_a_cell)
def test_a_rate_is_a_mean_and_the_effective_pairs_are_at_most_the_pairs(
    pairs: list[tuple[float, float]],
) -> None:
    losses, weights = zip(*pairs, strict=True)
    cell = Cell.of(losses, weights)
    assert min(losses) - 1e-9 <= cell.rate <= max(losses) + 1e-9
    assert 1 - 1e-9 <= cell.effective <= cell.n + 1e-9


@given(pairs_of_a_cell, st.floats(0.01, 100), st.randoms())
def test_scale_and_order_of_pairs_do_not_matter(
    pairs: list[tuple[float, float]], factor: float, chance: random.Random
) -> None:
    cell = Cell.of(*zip(*pairs, strict=True))
    turned = list(pairs)
    chance.shuffle(turned)
    other = Cell.of([x for x, _ in turned], [factor * w for _, w in turned])
    assert other.rate == pytest.approx(cell.rate)
    assert other.effective == pytest.approx(cell.effective)


def test_equal_weights_are_worth_their_number() -> None:
    # (5 * 7)^2 / (5 * 49) = 5
    assert Cell.of([0, 1, 0, 0, 0], [7.0] * 5).effective == pytest.approx(5)


def test_rounding_is_forgiven_and_no_more() -> None:
    # .1 + .2 is a hair above .3, and sums of many weights are so as well.
    assert Cell(3, 0.3, 0.1 * 0.3, 0.1 + 0.2).rate == 1.0
    with pytest.raises(EvidenceError, match="weighted loss"):
        Cell(3, 0.3, 0.1 * 0.3, 0.3001)
