"""Thresholds for a share of the top tier's quality: never past the bound, and not far from it."""

import math
from typing import Any

import numpy as np
import pytest

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.objectives.quality_target import JudgedPairs, choose_for_quality


def one_boundary(n: int, seed: int = 1) -> JudgedPairs:
    """Confidence c uniform; going up is better with chance 1 - c and otherwise a tie."""
    rng = np.random.default_rng(seed)
    c = rng.uniform(0, 1, n)
    gains = (rng.uniform(0, 1, n) < 1 - c).astype(float)
    return JudgedPairs(c[:, None], gains, np.ones(n))


def test_the_loss_of_what_is_kept_is_what_was_allowed() -> None:
    choice = choose_for_quality([one_boundary(200_000)], steps_usd=[0.003], quality=0.95)
    # Kept c >= t loses E[1 - c; c >= t] = (1 - t)^2 / 2; equal to .05 at t = 1 - sqrt(.1) = .684.
    assert choice.thresholds[0] == pytest.approx(0.69, abs=0.01)
    assert choice.loss <= choice.bound <= choice.allowed == pytest.approx(0.05)
    assert choice.kept[0] == pytest.approx(1 - choice.thresholds[0], abs=0.01)


def test_fewer_pairs_are_met_with_more_caution() -> None:
    strict = [
        choose_for_quality([one_boundary(n)], steps_usd=[1.0], quality=0.95).thresholds[0]
        for n in (200, 3_000, 100_000)
    ]
    assert strict == sorted(strict, reverse=True)
    assert strict[0] > strict[2]


def test_a_top_tier_that_is_often_wrong_leaves_less_to_lose() -> None:
    pairs = [one_boundary(20_000)]
    whole = choose_for_quality(pairs, steps_usd=[1.0], quality=0.95)
    half = choose_for_quality(pairs, steps_usd=[1.0], quality=0.95, top_quality=0.5)
    assert half.allowed == pytest.approx(0.025)
    assert half.thresholds > whole.thresholds


def test_the_bound_holds_as_often_as_it_says() -> None:
    # 400 choices at level .95: the kept traffic's true loss, (1 - t)^2 / 2, is above .05 in at
    # most 5 %; three standard errors of that are 3.3 %.
    over = 0
    for seed in range(400):
        choice = choose_for_quality([one_boundary(1_000, seed)], steps_usd=[1.0], quality=0.95)
        over += (1 - choice.thresholds[0]) ** 2 / 2 > 0.05
    assert over / 400 <= 0.083


def test_too_few_pairs_keep_nothing() -> None:
    choice = choose_for_quality([one_boundary(199)], steps_usd=[1.0], quality=0.95)
    assert choice.thresholds == (1.0,)
    assert choice.kept == (0.0,)
    empty = JudgedPairs(np.empty((0, 1)), [], [])
    assert choose_for_quality([empty], steps_usd=[1.0], quality=0.95).thresholds == (1.0,)


def two_boundaries(n: int, seed: int = 1) -> list[JudgedPairs]:
    rng = np.random.default_rng(seed)
    found = []
    for place in (0, 1):
        c = rng.uniform(0, 0.999, (n, 2))
        gains = (rng.uniform(0, 1, n) < 1 - c[:, place]).astype(float)
        found.append(JudgedPairs(c, gains, np.ones(n)))
    return found


def test_a_boundary_without_evidence_shuts_itself_and_what_is_below() -> None:
    lower, upper = two_boundaries(3_000)
    few = JudgedPairs(
        np.asarray(lower.confidences)[:100], np.asarray(lower.gains)[:100], np.ones(100)
    )
    choice = choose_for_quality([few, upper], steps_usd=[1.0, 4.0], quality=0.95)
    assert choice.thresholds[0] == 1.0
    assert choice.thresholds[1] < 1
    shut = choose_for_quality([lower, few], steps_usd=[1.0, 4.0], quality=0.95)
    assert shut.thresholds == (1.0, 1.0)


def test_the_dearer_step_is_loosened_more() -> None:
    choice = choose_for_quality(two_boundaries(20_000), steps_usd=[1.0, 4.0], quality=0.9)
    lower, upper = (1 - threshold for threshold in choice.thresholds)
    assert upper == pytest.approx(4 * lower, abs=0.03)
    # Kept at the lower tier implies kept at or below the upper.
    assert choice.kept[0] <= choice.kept[1]


def test_loss_of_two_boundaries_adds_up() -> None:
    # At (t1, t2) what is lost: at the first boundary c1 >= t1; at the second c1 >= t1 or c2 >= t2.
    choice = choose_for_quality(two_boundaries(200_000), steps_usd=[1.0, 1.0], quality=0.9)
    t = choice.thresholds[0]
    assert choice.thresholds[1] == t
    first = (1 - t) ** 2 / 2
    second = (1 - t) / 2 + t * (1 - t) ** 2 / 2
    assert choice.loss == pytest.approx(first + second, rel=0.05)


def test_weights_stand_for_requests() -> None:
    once = one_boundary(5_000)
    c, gains = np.asarray(once.confidences), np.asarray(once.gains)
    twice = JudgedPairs(c, gains, np.full(5_000, 7.0))
    asked: dict[str, Any] = {"steps_usd": [1.0], "quality": 0.95}
    one, other = (choose_for_quality([pairs], **asked) for pairs in (once, twice))
    assert one.thresholds == other.thresholds
    assert one.bound == pytest.approx(other.bound)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"quality": 1.0}, "quality in"),
        ({"quality": math.nan}, "quality in"),
        ({"top_quality": 0.0}, "top_quality in"),
        ({"level": 0.4}, "level: found 0.4"),
        ({"steps_usd": []}, "one step"),
        ({"steps_usd": [0.0]}, "USD above 0"),
        ({"steps_usd": [math.nan]}, "USD above 0"),
    ],
)
def test_what_is_out_of_range_is_refused(change: dict[str, Any], said: str) -> None:
    asked: dict[str, Any] = {"steps_usd": [1.0], "quality": 0.95} | change
    with pytest.raises(EvidenceError, match=said):
        choose_for_quality([one_boundary(300)], **asked)


@pytest.mark.parametrize(
    ("confidences", "gains", "weights"),
    [
        ([[0.5]], [1.0, 0.0], [1.0]),
        ([[0.5, 0.5]], [1.0], [1.0]),
        ([[1.5]], [1.0], [1.0]),
        ([[math.nan]], [1.0], [1.0]),
        ([[0.5]], [1.0], [0.0]),
        ([[0.5]], [2.0], [1.0]),
        ([[0.5]], [math.nan], [1.0]),
    ],
)
def test_pairs_that_cannot_be_are_refused(confidences: Any, gains: Any, weights: Any) -> None:
    with pytest.raises(EvidenceError):
        choose_for_quality(
            [JudgedPairs(confidences, gains, weights)], steps_usd=[1.0], quality=0.95
        )
