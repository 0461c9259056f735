import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.objectives.match_share import match_share


@given(
    st.lists(st.floats(0, 0.99), min_size=1, max_size=50),
    st.lists(st.floats(0, 0.99), min_size=1, max_size=50),
    st.floats(0, 1),
)
def test_a_matched_threshold_never_keeps_a_larger_share(
    held_out: list[float], recent: list[float], threshold: float
) -> None:
    matched = match_share(threshold, held_out, np.ones(len(held_out)), recent)
    kept = np.mean(np.asarray(held_out) >= threshold)
    assert np.mean(np.asarray(recent) >= matched) <= kept + 1e-9


def test_matching_refuses_what_it_cannot_match() -> None:
    for held_out, weights, recent in (([], [], [0.5]), ([0.5], [1.0], []), ([0.5], [1, 1], [0.5])):
        with pytest.raises(EvidenceError, match="a weight for each confidence"):
            match_share(0.5, held_out, weights, recent)


shares = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(st.floats(0, 1), shares, shares)
def test_no_looser_threshold_on_the_grid_would_do(
    threshold: float, held_out: list[float], recent: list[float]
) -> None:
    found = match_share(threshold, held_out, [1.0] * len(held_out), recent)
    kept = np.mean([c >= threshold for c in held_out])
    assert found == round(found, 2)
    if found < 1:
        assert np.mean([c >= found for c in recent]) <= kept + 1e-9
    if found > 0:
        looser = round(found - 0.01, 2)
        assert np.mean([c >= looser for c in recent]) > kept + 1e-12


def test_the_same_confidences_keep_the_same_share() -> None:
    same = [0.1, 0.35, 0.5, 0.75, 0.9]
    # Two of five are kept at .6; .51 is the loosest that keeps no more.
    assert match_share(0.6, same, [1] * 5, same) == 0.51


def test_an_eleventh_is_an_eleventh_however_it_is_computed() -> None:
    # 1 - 10/11 is more than 1/11, in its last digit.
    assert match_share(0.5, [0.0] * 10 + [1.0], [1.0] * 11, [0.95] * 10 + [1.0]) == 0.96


def test_weights_stand_for_requests() -> None:
    # Kept is .9 alone, with 3 of 4 requests: three of the four recent ones may be kept.
    assert match_share(0.5, [0.2, 0.9], [1, 3], [0.1, 0.4, 0.6, 0.8]) == 0.11
    assert match_share(0.5, [0.2, 0.9], [3, 1], [0.1, 0.4, 0.6, 0.8]) == 0.61


@pytest.mark.parametrize(
    ("held_out", "weights", "recent"),
    [
        ([], [], [0.5]),
        ([0.5], [1.0], []),
        ([0.5], [1.0, 1.0], [0.5]),
        ([0.5], [0.0], [0.5]),
        ([1.5], [1.0], [0.5]),
        ([0.5], [-1.0], [0.5]),
        ([0.5], [1.0], [math.nan]),
    ],
)
def test_what_cannot_be_matched_is_refused(
    held_out: list[float], weights: list[float], recent: list[float]
) -> None:
    with pytest.raises(EvidenceError):
        match_share(0.5, held_out, weights, recent)
