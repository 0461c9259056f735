import math

import pytest

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
