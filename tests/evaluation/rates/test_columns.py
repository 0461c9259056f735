import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import checked_array, checked_weights


def test_a_column_comes_back_as_floats() -> None:
    found = checked_array([True, 0, 0.5], "losses", low=0, high=1, size=3)
    assert found.dtype == np.float64
    assert found.tolist() == [1.0, 0.0, 0.5]
    assert checked_array([], "losses", low=0, high=1).shape == (0,)


def test_the_ends_of_the_range_are_in_it() -> None:
    assert checked_array([-1, 1], "gains", low=-1, high=1).tolist() == [-1.0, 1.0]


@pytest.mark.parametrize(
    ("values", "size", "words"),
    [
        ([1.0000001], None, r"the losses must all lie in \[0, 1\] and none be NaN"),
        ([-1e-300], None, "must all lie"),
        ([0.5, math.nan], None, "none be NaN"),
        ([math.inf], None, "must all lie"),
        ([-math.inf], None, "must all lie"),
        ([[0.5]], None, r"one-dimensional, not of shape \(1, 1\)"),
        (0.5, None, "one-dimensional"),
        ([0.5], 2, "there are 1 losses for 2 pairs"),
        (["bad"], None, "the losses are not numbers"),
        ([None, object()], None, "not numbers"),
        ([[0.1], [0.1, 0.2]], None, "not numbers"),
    ],
)
def test_what_is_no_column_is_refused_in_a_sentence(
    values: object, size: int | None, words: str
) -> None:
    with pytest.raises(EvidenceError, match=words):
        checked_array(values, "losses", low=0, high=1, size=size)  # type: ignore[arg-type]  # tried


def test_without_weights_all_are_equal() -> None:
    assert checked_weights(None, 3).tolist() == [1.0, 1.0, 1.0]
    assert checked_weights(None, None).size == 0
    assert checked_weights([], 0).size == 0


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20), st.floats(1e-3, 1e3))
def test_weights_are_scaled_to_a_largest_of_one_whatever_their_unit(
    weights: list[float], factor: float
) -> None:
    found = checked_weights(weights, len(weights))
    assert found.max() == 1.0
    again = checked_weights([factor * w for w in weights], None)
    assert again == pytest.approx(found)


def test_huge_weights_do_not_overflow() -> None:
    top = sys.float_info.max
    assert checked_weights([top, top / 2], 2).tolist() == [1.0, 0.5]


@pytest.mark.parametrize("weights", [[0.0], [1.0, 0.0], [0.0, 0.0], [1e308, 1e-308]])
def test_a_pair_that_could_not_be_included_is_none(weights: list[float]) -> None:
    # 1e-308 beside 1e308 is nothing: more than 300 orders of magnitude apart.
    with pytest.raises(EvidenceError, match="no chance of inclusion"):
        checked_weights(weights, len(weights))
