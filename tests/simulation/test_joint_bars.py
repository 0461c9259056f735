"""Certificates of all tiers together hold, and one dial saves more than a tolerance for each tier.

No bars of the design: they measure what decision 0032 says (five minutes on one core).
"""

import logging
from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pytest
from factories.routed import STEPS_USD, requests, routed, true_loss, worse

from tierwatch.evaluation.objectives.joint_choice import choose_jointly
from tierwatch.evaluation.objectives.moves import next_move
from tierwatch.evaluation.objectives.quality_target import JudgedPairs, choose_for_quality
from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs
from tierwatch.evaluation.thresholds.spending import spent_delta

pytestmark = pytest.mark.slow

# Shown with --log-cli-level=info.
measured = logging.getLogger(__name__)

DELTA = 0.1
RUNS = 300
ONE = [(0.7, 0.7)]
THREE = [(1.0, 1.0), (0.85, 0.85), (0.7, 0.7)]


def certificates(
    policies: Sequence[tuple[float, float]], n: int, quality: float, *, delta: float = DELTA
) -> tuple[int, int]:
    """Runs with a certified lowering, and with one whose true loss is above what is allowed."""
    rng = np.random.default_rng([n, len(policies)])
    current = policies[-1]
    truth: dict[tuple[float, ...], float] = {}
    certified = wrong = 0
    for _ in range(RUNS):
        choice = choose_jointly(
            routed(rng, n, *policies, sampled=True),
            current=current,
            steps_usd=STEPS_USD,
            quality=quality,
            delta=delta,
            step=0.1,
        )
        moved = [
            (*current[: move.place], move.threshold, *current[move.place + 1 :])
            for move in choice.lowerings
        ]
        for thresholds in moved:
            if thresholds not in truth:
                truth[thresholds] = true_loss(thresholds)
        certified += bool(moved)
        wrong += any(truth[thresholds] > choice.allowed for thresholds in moved)
    return certified, wrong


@pytest.mark.parametrize(
    ("policies", "n", "room"), [(ONE, 8_000, 1.5), (THREE, 2_000, 1.5), (THREE, 8_000, 1.3)]
)
def test_a_certified_policy_loses_more_than_allowed_in_at_most_delta_of_runs(
    policies: Sequence[tuple[float, float]], n: int, room: float
) -> None:
    # What may be lost is so many times what the present thresholds lose, so that a step too far is
    # always in reach: .6 in place of .7 loses 1.5 (standard) and 1.7 times as much (simple).
    certified, wrong = certificates(policies, n, 1 - room * true_loss(policies[-1]))
    measured.info(
        "%d policies, n %d, room %.1f: %d wrong of %d certified, %d runs",
        len(policies), n, room, wrong, certified, RUNS,
    )  # fmt: skip
    assert certified > 0
    assert wrong <= DELTA * RUNS


def test_with_room_most_runs_certify() -> None:
    certified, wrong = certificates(ONE, 2_000, 0.95)
    measured.info("quality .95, n 2,000: %d certified, %d wrong, %d runs", certified, wrong, RUNS)
    assert certified >= 0.8 * RUNS
    assert wrong == 0


def test_retune_after_retune_saves_nearly_all_and_never_loses_more_than_allowed() -> None:
    """From .90 and .90, 16 retunes with 1,500 new pairs each, the pairs of the last eight kept.

    Beside it stands the best pair of thresholds that anyone who knew all gains could name.
    """
    runs, retunes = 40, 16
    c = requests(np.random.default_rng(0), 200_000)

    def saved(thresholds: Sequence[float]) -> float:
        served = np.logical_or.accumulate(c >= np.asarray(thresholds), axis=1)
        return float(served.mean(axis=0) @ np.array(STEPS_USD))

    truth: dict[tuple[float, ...], float] = {}

    def loss(thresholds: tuple[float, ...]) -> float:
        if thresholds not in truth:
            truth[thresholds] = true_loss(thresholds)
        return truth[thresholds]

    grid = [(a / 25, b / 25) for a in range(26) for b in range(26)]
    best = max(saved(thresholds) for thresholds in grid if loss(thresholds) <= 0.05)
    over, shares = 0, []
    for run in range(runs):
        rng = np.random.default_rng(run)
        policies: list[tuple[float, ...]] = [(0.9, 0.9)]
        parts: list[RoutedPairs] = []
        for k in range(retunes):
            parts.append(routed(rng, 1_500, policies[-1], sampled=True))
            choice = choose_jointly(
                joined(parts[-8:], policies[-8:]),
                current=policies[-1],
                steps_usd=STEPS_USD,
                quality=0.95,
                delta=spent_delta(0.05, k),
                step=0.1,
            )
            move, now = next_move(choice), policies[-1]
            policies.append(
                now
                if move is None
                else (*now[: move.place], move.threshold, *now[move.place + 1 :])
            )
        over += any(loss(thresholds) > 0.05 for thresholds in policies)
        shares.append(saved(policies[-1]) / best)
    measured.info(
        "%d retunes: %d of %d runs ever over, %.3f of the best saving, least %.3f",
        retunes, over, runs, np.mean(shares), min(shares),
    )  # fmt: skip
    assert over <= 0.05 * runs
    assert np.mean(shares) >= 0.9


def joined(parts: Sequence[RoutedPairs], policies: Sequence[tuple[float, ...]]) -> RoutedPairs:
    """Pairs of one policy after another."""
    columns = {
        field.name: np.concatenate([np.asarray(getattr(part, field.name)) for part in parts])
        for field in fields(RoutedPairs)
        if field.name not in {"policies", "thresholds"}
    }
    counts = [len(np.asarray(part.gains)) for part in parts]
    applied = np.repeat(np.arange(len(parts)), counts)
    return RoutedPairs(**columns, policies=applied, thresholds=policies)


@pytest.mark.parametrize("tolerance", [0.02, 0.03, 0.05])
def test_one_dial_saves_more_at_the_loss_of_a_tolerance_for_each_tier(tolerance: float) -> None:
    """Confidences are true here, and a step up costs .001 and .02 USD, as ladders of tens do."""
    steps = np.array([0.001, 0.02])
    n = 200_000
    rng = np.random.default_rng(1)
    harm = worse(requests(rng, n))
    c = 1 - harm

    def served(thresholds: Sequence[float]) -> np.ndarray:
        return np.logical_or.accumulate(c >= np.asarray(thresholds), axis=1)

    def loss(thresholds: Sequence[float]) -> float:
        return float((harm * served(thresholds)).mean(axis=0).sum())

    def saved(thresholds: Sequence[float]) -> float:
        return float(served(thresholds).mean(axis=0) @ steps)

    # Each tier at the loosest threshold whose own misroute rate is the tolerance.
    alone, free = [], np.ones(n, dtype=bool)
    for place in (0, 1):
        order = np.argsort(-np.where(free, c[:, place], -1))[: free.sum()]
        rates = np.cumsum(harm[order, place]) / np.arange(1, free.sum() + 1)
        alone.append(c[order[np.flatnonzero(rates <= tolerance)[-1]], place])
        free &= c[:, place] < alone[-1]
    pairs = [
        JudgedPairs(c, (rng.uniform(size=n) < harm[:, place]).astype(float), np.ones(n))
        for place in (0, 1)
    ]
    choice = choose_for_quality(pairs, steps_usd=steps.tolist(), quality=1 - loss(alone), level=0.5)
    more = saved(choice.thresholds) / saved(alone) - 1
    measured.info(
        "tolerance %.2f: loss %.4f alone %.4f together, %.1f %% more saved",
        tolerance, loss(alone), loss(choice.thresholds), 100 * more,
    )  # fmt: skip
    assert loss(choice.thresholds) <= loss(alone) * 1.02
    assert more > 0.02
