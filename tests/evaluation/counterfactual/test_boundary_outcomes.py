import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from factories.replayed import LOGGED, replay
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.counterfactual.boundary_outcomes import (
    BoundaryOutcomes,
    Columns,
    checked_boundary,
)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"confidences": [math.nan] * 100}, "confidences"),
        ({"confidences": [0.5] * 99}, "for 99 pairs"),
        ({"losses": [0.0] * 99}, "99 losses for 100"),
        ({"losses": [1.5] * 100}, "losses"),
        ({"losses": ["bad"] * 100}, "not numbers"),
        ({"inclusion": [0.0] * 100}, "above 0"),
        ({"inclusion": [1.1] * 100}, "inclusion"),
        ({"inclusion": [math.nan] * 100}, "inclusion"),
        ({"lower_cost_usd": [-1.0] * 100}, "costs of the lower"),
        ({"upper_cost_usd": [math.inf] * 100}, "costs of the upper"),
        ({"traffic": [2.0]}, "traffic"),
        ({"traffic": [0.5], "traffic_counts": [1, 2]}, "counts of traffic"),
        ({"traffic": [0.5], "traffic_counts": [-1]}, "counts of traffic"),
        ({"traffic_counts": [1]}, "without its confidences"),
    ],
)
def test_bad_columns_are_refused(column: dict[str, Any], words: str) -> None:
    with pytest.raises(EvidenceError, match=words):
        replay(replace(LOGGED, **column), 0.7, 0.6)


def checked(
    outcomes: BoundaryOutcomes = LOGGED, now: float = 0.7, then: float | None = 0.6
) -> Columns:
    return checked_boundary("simple", outcomes, now, then)


def test_a_weight_is_the_number_of_requests_a_pair_stands_for() -> None:
    one = checked()
    assert set(one.w.tolist()) == {1.0, 4.0}
    assert one.w.sum() == 60 + 4 * 40
    assert (one.tier, one.now, one.candidate) == ("simple", 0.7, 0.6)


def test_without_a_candidate_the_threshold_stays_and_nothing_moves() -> None:
    one = checked(then=None)
    assert one.candidate == one.now == 0.7
    assert not one.moved.any()


@given(st.floats(0, 1), st.floats(0, 1))
def test_what_moves_is_what_one_of_both_keeps(now: float, then: float) -> None:
    one = checked(now=now, then=then)
    assert (one.moved == (one.kept(now) ^ one.kept(then))).all()
    assert one.sign == (1 if then < now else -1)


def test_a_confidence_at_the_threshold_is_kept() -> None:
    assert checked().kept(0.65).all()
    assert checked().kept(0.8).sum() == 60
    assert not checked().kept(np.nextafter(0.8, 1)).any()


def test_traffic_without_counts_is_one_request_each() -> None:
    one = checked(replace(LOGGED, traffic=[0.5, 0.6, 0.6]))
    assert one.counts.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("more", [{"traffic": []}, {"traffic": [0.5], "traffic_counts": [0]}])
def test_traffic_of_no_request_is_not_known(more: dict[str, Any]) -> None:
    assert checked(replace(LOGGED, **more)).traffic is None


@pytest.mark.parametrize("pi", [1e-80, 0.0, 5e-324])
def test_a_probability_too_small_to_be_one_is_refused(pi: float) -> None:
    # 1 / pi is squared, and squares are squared again in a variance.
    one = BoundaryOutcomes([0.5], [0.0], [pi], [1.0], [3.0])
    with pytest.raises(EvidenceError, match="never taken"):
        checked(one)
    assert checked(replace(one, inclusion=[1e-70])).w[0] == pytest.approx(1e70)


def test_costs_beyond_all_reason_are_a_mistake_of_units() -> None:
    with pytest.raises(EvidenceError, match="costs of the upper tier"):
        checked(BoundaryOutcomes([0.5], [0.0], [1.0], [1.0], [1e13]))


def test_no_pairs_are_columns_of_none() -> None:
    one = checked(BoundaryOutcomes([], [], [], [], []))
    assert one.c.size == one.w.size == 0
    assert not one.moved.any()
