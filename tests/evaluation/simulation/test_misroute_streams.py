"""The recipes of the certificate in small: the same bars with fewer runs, within seconds."""

import numpy as np
import pytest

from tierwatch.evaluation.simulation import misroute_streams as recipe


def test_the_recipes_run_the_installed_monitor() -> None:
    assert recipe.twin_difference(1, pairs=2_000) < 1e-12


def test_d1_in_small_null_runs_do_not_alarm() -> None:
    # At most 2 x 10,000 updates / 2e7 = .001 a run, so .05 runs of 50 are to be expected.
    assert recipe.false_alarms(1, runs=50, pairs=10_000) == 0


@pytest.mark.parametrize(("rate", "most"), [(0.10, 640), (0.25, 73)])
def test_d2_in_small_a_jump_is_found(rate: float, most: int) -> None:
    heights = recipe.oracle_heights(1, (rate,), runs=100)
    found = recipe.delay(2, rate=rate, change=500, height=heights[rate], runs=200)
    assert found.kept >= 0.99
    assert found.oracle < found.ours <= most


def test_d3_in_small_a_doubled_segment_is_found() -> None:
    assert 300 < recipe.segment_delays(1, runs=100).mean() <= 700


def test_d4_in_small_conversations_do_not_alarm_and_their_pairs_would() -> None:
    alarmed, naive = recipe.conversation_false_alarms(1, size=8, runs=40, pairs=40_000)
    assert alarmed == 0
    assert naive > 20


def test_the_weighted_rate_of_the_recipe_is_the_tolerance() -> None:
    losses, weights = recipe._near_or_far(np.random.default_rng(1), 400_000)
    # (.6818 x .2 x .10 + .3182 x .02857) / (.6818 x .2 + .3182) = .05
    assert losses @ weights / weights.sum() == pytest.approx(recipe.TOLERANCE, abs=0.001)
    assert set(weights.tolist()) == {0.2, 1.0}


def test_segments_have_zipfs_shares() -> None:
    shares = recipe._zipf()
    assert shares.sum() == pytest.approx(1.0)
    assert shares[0] == pytest.approx(2 * shares[1]) == pytest.approx(100 * shares[99])
    # The sixth, which D3 is about, has 3 % of the traffic.
    assert shares[5] == pytest.approx(0.032, abs=0.001)


def test_a_larger_jump_is_found_sooner() -> None:
    height = recipe.oracle_heights(1, (0.1,), runs=100)[0.1]
    slow, fast = (
        recipe.delay(2, rate=rate, change=100, height=height, runs=60).ours for rate in (0.15, 0.4)
    )
    assert fast < slow / 2


def test_the_oracle_has_a_height_for_each_rate_that_one_run_in_a_hundred_reaches() -> None:
    heights = recipe.oracle_heights(3, (0.08, 0.25), runs=100)
    assert set(heights) == {0.08, 0.25}
    # Over N = 100,000 pairs a height of log(100 N) = 16.1 is reached by at most one in a hundred.
    assert all(4 < height < 16.1 for height in heights.values())
