import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.models.matching import matched_threshold


def test_the_matched_threshold_never_keeps_more_than_is_kept_now() -> None:
    rng = np.random.default_rng(9)
    for _ in range(50):
        old, new, w = rng.random(80), rng.random(80), rng.uniform(0.5, 3, 80)
        threshold = round(float(rng.random()), 2)
        matched = matched_threshold(old, new, w, threshold)
        now = w[old >= threshold].sum()
        assert w[new >= matched].sum() <= now * (1 + 1e-6)
        if matched > 0:  # one cent looser would keep more
            assert w[new >= matched - 0.01].sum() > now
    assert matched_threshold([0.1, 0.2], [1.0, 1.0], [1, 1], 0.9) == 1.0


confidence = st.floats(0, 1)
rows = st.lists(st.tuples(confidence, confidence, st.floats(0.1, 10)), min_size=1, max_size=40)


@given(rows, st.floats(0, 1), st.floats(0.1, 10))
def test_the_unit_of_weights_does_not_matter(
    pairs: list[tuple[float, float, float]], threshold: float, factor: float
) -> None:
    old, new, w = (np.array([row[k] for row in pairs]) for k in range(3))
    found = matched_threshold(old, new, w, threshold)
    assert matched_threshold(old, new, factor * w, threshold) == found
    assert found == round(found, 2)


@given(rows, st.floats(0, 1), st.floats(0, 1))
def test_a_stricter_threshold_now_is_never_matched_by_a_looser_one(
    pairs: list[tuple[float, float, float]], one: float, other: float
) -> None:
    old, new, w = (np.array([row[k] for row in pairs]) for k in range(3))
    loose, strict = sorted((one, other))
    assert matched_threshold(old, new, w, loose) <= matched_threshold(old, new, w, strict)


def test_where_all_is_kept_all_may_be_and_where_none_is_nothing_may() -> None:
    assert matched_threshold([0.9, 0.8], [0.1, 0.2], [1, 1], 0.5) == 0.0
    assert matched_threshold([0.1, 0.2], [0.9, 0.995], [1, 1], 0.5) == 1.0


@pytest.mark.parametrize(
    ("incumbent", "candidate", "weights"),
    [
        ([0.5], [0.5, 0.6], [1.0]),
        ([0.5, 0.6], [0.5, 0.6], [1.0]),
        ([1.5], [0.5], [1.0]),
        ([0.5], [math.nan], [1.0]),
        ([0.5], [0.5], [0.0]),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    incumbent: list[float], candidate: list[float], weights: list[float]
) -> None:
    with pytest.raises(EvidenceError):
        matched_threshold(incumbent, candidate, weights, 0.5)
