"""Ranks are uniform and independent while nothing changes: all that the alarm rests on."""

import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.past_ranks import CALIBRATION, STEPS, Rank, StratumRanks


def calibrated(rate: float = 0.25) -> StratumRanks:
    past = StratumRanks()
    for n in range(CALIBRATION):
        assert past.rank_of(loss=float(n < rate * CALIBRATION), draw=0.5) is None
    return past


def ranks(seed: int, rate: float, n: int) -> list[float]:
    rng, past = random.Random(seed), StratumRanks()
    found = [
        past.rank_of(loss=float(rng.random() < rate), draw=rng.random())
        for _ in range(CALIBRATION + n)
    ]
    return [one.rank for one in found if one is not None]


def test_a_loss_ranks_among_losses_and_a_tie_is_drawn() -> None:
    past = calibrated()
    assert past.rank_of(loss=0.0, draw=0.5).rank == 0.5  # type: ignore[union-attr]
    # One loss among two: the worse half, a quarter by the draw.
    assert past.rank_of(loss=1.0, draw=0.5).rank == 0.25  # type: ignore[union-attr]
    # The third: one loss above it, and it ties with one that is no loss.
    assert past.rank_of(loss=0.0, draw=0.0).rank == pytest.approx(1 / 3)  # type: ignore[union-attr]
    assert past.n == 3


def test_the_cuts_are_a_little_above_the_calibrated_shares() -> None:
    found = calibrated(0.25).rank_of(loss=1.0, draw=0.5)
    assert found is not None
    assert found.worse_share == pytest.approx(0.25 + np.sqrt(0.1875 / CALIBRATION) / 2)
    assert found.better_share == pytest.approx(0.75 + np.sqrt(0.1875 / CALIBRATION) / 2)
    assert found.rate == 0.25


def test_the_rate_is_of_what_was_ranked_once_there_is_some() -> None:
    past = calibrated(0.0)
    for loss in (1.0, 1.0, 0.0, 0.0):
        past.rank_of(loss=loss, draw=0.5)
    found = past.rank_of(loss=0.0, draw=0.5)
    assert found is not None
    assert found.rate == 0.5


@pytest.mark.parametrize("rate", [0.02, 0.2, 0.5, 0.9])
def test_ranks_of_a_steady_stream_are_uniform_and_independent(rate: float) -> None:
    pooled = np.array([ranks(seed, rate, 200) for seed in range(60)])
    assert stats.kstest(pooled.ravel(), "uniform").pvalue > 0.001
    # No memory: neighbours are uncorrelated, four deviations allowed.
    before, after = pooled[:, :-1].ravel(), pooled[:, 1:].ravel()
    assert abs(np.corrcoef(before, after)[0, 1]) < 4 / np.sqrt(before.size)


def test_ranks_after_a_rise_are_small() -> None:
    rng, past = random.Random(1), StratumRanks()
    for _ in range(2_000):
        past.rank_of(loss=float(rng.random() < 0.1), draw=rng.random())
    found = [past.rank_of(loss=float(rng.random() < 0.4), draw=rng.random()) for _ in range(200)]
    assert np.mean([one.rank for one in found if one is not None]) < 0.4


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1, exclude_max=True)), max_size=200))
def test_ranks_lie_in_the_unit_interval_and_the_state_goes_on(
    losses: list[tuple[float, float]],
) -> None:
    past = StratumRanks()
    for loss, draw in losses:
        found = past.rank_of(loss=loss, draw=draw)
        assert found is None or (0 <= found.rank <= 1 and 0 < found.worse_share < 1)
        assert found is None or (0 <= found.rate <= 1 and 0 < found.better_share < 1)
    copy = StratumRanks.from_state(json.loads(json.dumps(past.state())))
    assert copy.state() == past.state()
    same: tuple[Rank | None, Rank | None] = (
        past.rank_of(loss=0.5, draw=0.25),
        copy.rank_of(loss=0.5, draw=0.25),
    )
    assert same[0] == same[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"seen_at": -1},
        {"first": [CALIBRATION + 1, 0]},
        {"first": [3, 3 * STEPS + 1]},
        {"first": [3, 1], "counts": [[0, 5]]},
        {"counts": [[STEPS + 1, 5]]},
        {"counts": [[0, 0]]},
        {"counts": [[-1, 2]]},
    ],
)
def test_a_damaged_state_is_refused(changes: dict[str, Any]) -> None:
    state = {"seen_at": 9, "first": [CALIBRATION, 24], "counts": [[0, 5], [24, 1]]}
    assert StratumRanks.from_state(state).n == 6
    with pytest.raises(EvidenceError, match="damaged"):
        StratumRanks.from_state(state | changes)
