import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.thresholds.choice import ThresholdChoice, choose_threshold
from tierwatch.evaluation.thresholds.grid import candidates_around
from tierwatch.evaluation.thresholds.weight_caps import (
    check_against,
    checked_caps,
    in_cents,
    kept_caps,
)


def chosen(weights: list[float] | None, losses: list[float], cap: object) -> ThresholdChoice:
    return choose_threshold(
        [0.9] * len(losses),
        losses,
        weights,
        alpha=0.05,
        delta=0.05,
        current=0.5,
        step=0.1,
        max_weight=cap,  # type: ignore[arg-type]  # some tests pass what is no cap
    )


def test_alike_weights_are_no_exact_trials_where_a_heavier_one_was_possible() -> None:
    exact = chosen([1.0] * 200, [0.0] * 200, 1.0)
    assert exact.bounds[0.6] == pytest.approx(1 - 0.05 ** (1 / 200))
    could = chosen([1.0] * 200, [0.0] * 200, 20.0)
    # Two sequences share delta: none could certify half of alpha from so few.
    assert could.bounds[0.6] == pytest.approx(stats.gamma.ppf(0.95, 1, scale=20 / 200))
    assert not could.certified


def test_a_cap_that_was_drawn_changes_nothing() -> None:
    w, x = [1.0, 2.0] * 200, [0.0] * 396 + [1.0] * 4
    assert chosen(w, x, 2.0) == chosen(w, x, None)


def test_weights_alike_but_for_rounding_are_alike() -> None:
    w = [1 / 0.05, 1 / 0.05 * (1 + 1e-12)] * 50
    assert chosen(w, [0.0] * 100, 20.0).bounds[0.6] == pytest.approx(1 - 0.05 ** (1 / 100))


def test_only_what_a_candidate_may_keep_enters_its_bound() -> None:
    # Up to .49 pairs may stand for 9, from .50 on for 1: stricter candidates are as exact as ever.
    caps = [9.0] * 50 + [1.0] * 51
    found = chosen([1.0] * 300, [0.0] * 300, caps)
    assert found.bounds[0.5] == pytest.approx(1 - 0.05 ** (1 / 300))
    assert found.bounds[0.49] == pytest.approx(stats.gamma.ppf(0.95, 1, scale=9 / 300))
    assert found.threshold == 0.5


def test_a_second_sequence_starts_where_the_heaviest_that_was_possible_allows_it() -> None:
    # Of the 40 pairs at .58 and above some may stand for 4; the 900 below have the weight 1.
    confidences, n = [0.9] * 40 + [0.55] * 900, 940
    found = choose_threshold(
        confidences,
        [0.0] * n,
        [1.0] * n,
        alpha=0.05,
        delta=0.05,
        current=0.5,
        step=0.1,
        max_weight=[1.0] * 90 + [4.0] * 11,
    )
    assert found.threshold == 0.4
    # 4 / 940, at half of delta.
    assert found.bounds[0.4] == pytest.approx(stats.gamma.ppf(0.975, 1, scale=4 / n))


@pytest.mark.parametrize(
    "cap",
    [0, -1, math.nan, math.inf, [1.0] * 100, [1.0] * 100 + [math.nan], [-1.0] * 101, [[1.0] * 101]],
)
def test_a_cap_that_is_none_is_refused(cap: object) -> None:
    with pytest.raises(EvidenceError, match="cap"):
        chosen([1.0] * 10, [0.0] * 10, cap)


def test_a_weight_above_the_cap_of_its_confidence_is_refused_with_both_figures() -> None:
    caps = [5.0] * 90 + [2.0] * 11
    with pytest.raises(EvidenceError, match=r"3 at confidence 0.9 is above its declared cap, 2;"):
        chosen([3.0] * 10, [0.0] * 10, caps)


def test_equal_weights_need_no_cap() -> None:
    assert chosen(None, [0.0] * 100, 50.0) == chosen(None, [0.0] * 100, None)
    assert chosen([], [], 50.0).threshold is None


@given(
    st.lists(st.floats(0, 50), min_size=101, max_size=101),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0.1, 10),
)
def test_a_looser_candidate_may_keep_no_lighter_weight(
    raw: list[float], current: float, step: float, unit: float
) -> None:
    caps = checked_caps(raw)
    candidates = candidates_around(current, step, 0.01)
    found = kept_caps(caps, candidates, unit)
    assert found == sorted(found)
    for candidate, most in zip(candidates, found, strict=True):
        kept = [cap for cents, cap in enumerate(raw) if cents / 100 >= candidate - 1e-9]
        assert most == pytest.approx(max(kept) / unit)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_a_confidence_is_kept_where_its_cent_is(confidences: list[float]) -> None:
    cents = in_cents(confidences)
    assert ((cents >= 0) & (cents <= 100)).all()
    check_against(np.ones(len(confidences)), np.array(confidences), checked_caps(1.0))
