"""Bars D1 to D5 of the misroute alarm, at full size (two minutes on one core).

The recipes are those of `tierwatch simulate`, so what is asserted here is what it prints.
"""

import logging

import numpy as np
import pytest

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.simulation import misroute_streams as recipe
from tierwatch.evaluation.simulation import other_alarms

pytestmark = pytest.mark.slow

# Shown with --log-cli-level=info.
measured = logging.getLogger(__name__)

RATES = (0.08, 0.09, 0.10, 0.12, 0.15, 0.20, 0.25)
MOST = {0.08: 1_490, 0.10: 640, 0.15: 213, 0.25: 73}


def test_the_recipes_run_the_installed_monitor() -> None:
    assert recipe.twin_difference(1) < 1e-12


@pytest.mark.timeout(1200)
def test_d1_at_most_31_of_2000_null_runs_alarm() -> None:
    alarmed = recipe.false_alarms(20_261_123, runs=2_000, pairs=100_000)
    measured.info("D1: %d of 2,000 null runs alarmed", alarmed)
    assert alarmed <= 31


def test_d1_what_others_do_on_the_same_null() -> None:
    found = other_alarms.competitors(11, runs=300, pairs=100_000)
    for name, alarmed in found.items():
        measured.info("D1, %s: %d of 300 null runs alarmed", name, alarmed)
    # The classical methods are no alternatives: they alarm in a quarter of null runs and more.
    classical = ("daily z-test", "rolling Wilson interval", "3-sigma chunks")
    assert min(found[name] for name in classical) > 75


@pytest.fixture(scope="module")
def heights() -> dict[float, float]:
    return recipe.oracle_heights(7, RATES, runs=1_500)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("change", [500, 5_000])
def test_d2_delay_is_near_the_oracle_that_knows_the_rate(
    heights: dict[float, float], rate: float, change: int
) -> None:
    found = recipe.delay(
        int(1_000 * rate), rate=rate, change=change, height=heights[rate], runs=1_500
    )
    measured.info(
        "D2: 5 %% to %.0f %% at pair %d: delay %.0f, oracle %.0f, ratio %.3f",
        *(100 * rate, change, found.ours, found.oracle, found.ours / found.oracle),
    )
    # Few runs may alarm before the change, or the mean would be of a chosen few.
    assert found.kept >= 0.99
    assert found.ours <= 1.25 * found.oracle
    assert found.ours <= MOST.get(rate, np.inf)


def test_d3_a_doubled_segment_is_found_within_700_of_its_pairs() -> None:
    found = recipe.segment_delays(3, runs=200).mean()
    measured.info("D3: %.0f of the segment's own pairs", found)
    assert found <= 700


@pytest.mark.parametrize("size", [3, 8])
def test_d4_correlated_conversations_do_not_alarm(size: int) -> None:
    alarmed, naive = recipe.conversation_false_alarms(size, size=size, runs=500, pairs=100_000)
    measured.info(
        "D4: conversations of %d: %d of 500 null runs; pairs as independent %d",
        size,
        alarmed,
        naive,
    )
    assert alarmed <= 10
    assert naive > 200  # why pairs of a conversation are not taken as independent


def test_d5_a_weight_off_its_range_is_an_error_and_updates_nothing() -> None:
    rng = np.random.default_rng(5)
    monitor = MisrouteMonitor(recipe.TOLERANCE, max_weight=1.0)
    twin = MisrouteMonitor(recipe.TOLERANCE, max_weight=1.0)
    refused = 0
    for loss, weight in zip(rng.random(2_000) < 0.05, rng.uniform(-0.5, 1.5, 2_000), strict=True):
        if 0 < weight <= 1:
            assert monitor.update(loss, weight) == twin.update(loss, weight)
        else:
            refused += 1
            with pytest.raises(EvidenceError, match="nothing was updated"):
                monitor.update(loss, weight)
        assert monitor.state() == twin.state()
    assert 800 < refused < 1_200


def test_since_points_at_the_change() -> None:
    """A jump from 5 % to 15 % at pair 5,000: the estimated start is the change, give or take."""
    errors = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        losses = (rng.random(12_000) < np.where(np.arange(12_000) < 5_000, 0.05, 0.15)).tolist()
        monitor = MisrouteMonitor(recipe.TOLERANCE)
        for loss in losses:
            if monitor.update(loss):
                break
        errors.append(monitor.since - 5_000)
    measured.info("since: off by %s pairs (quartiles)", np.percentile(errors, [25, 50, 75]))
    assert abs(np.median(errors)) <= 10
    assert np.percentile(np.abs(errors), 75) <= 60
