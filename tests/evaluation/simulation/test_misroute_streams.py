"""The recipes of the certificate in small: the same bars with fewer runs, within seconds."""

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
