"""Newcombe's interval of a difference: his examples, its ends, and how often it covers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.ceiling.difference import difference_of_shares


@pytest.mark.parametrize(
    ("after", "before", "low", "high"),
    [
        # Newcombe 1998, table II, method 10: p1 - p2 of a / m and b / n.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_published_intervals(
    after: tuple[int, int], before: tuple[int, int], low: float, high: float
) -> None:
    found = difference_of_shares(*before, *after)
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


@pytest.mark.parametrize("counts", [(0, 0, 5, 9), (5, 9, 0, 0), (0, 0, 0, 0)])
def test_without_answers_everything_is_possible(counts: tuple[int, int, int, int]) -> None:
    found = difference_of_shares(*counts)
    assert (found.value, found.low, found.high, found.n) == (None, -1.0, 1.0, 0)


@pytest.mark.parametrize("counts", [(2, 1, 0, 1), (-1, 1, 0, 1), (0, 1, 3, 2)])
def test_what_is_no_count_is_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(EvidenceError, match="is not a count"):
        difference_of_shares(*counts)


@given(st.tuples(st.integers(0, 200), st.integers(0, 200)),
       st.tuples(st.integers(0, 200), st.integers(0, 200)))  # fmt: skip
def test_turned_around_it_is_the_same_with_another_sign(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    before, after = ((good, good + bad) for good, bad in (one, other))
    there, back = difference_of_shares(*before, *after), difference_of_shares(*after, *before)
    assert there.low == pytest.approx(-back.high)
    assert there.high == pytest.approx(-back.low)
    if there.value is not None:
        assert -1 <= there.low <= there.value + 1e-9
        assert there.value - 1e-9 <= there.high <= 1


def test_it_covers_about_as_often_as_it_says() -> None:
    """At .9 and .85 of 80 and 120, over 2,000 draws: 95 % with a standard error of .5 points."""
    rng = np.random.default_rng(1)
    before, after = rng.binomial(80, 0.9, 2_000), rng.binomial(120, 0.85, 2_000)
    covered = 0
    for x, y in zip(before, after, strict=True):
        found = difference_of_shares(int(x), 80, int(y), 120)
        covered += found.low <= -0.05 <= found.high
    assert 0.93 <= covered / 2_000 <= 0.98
