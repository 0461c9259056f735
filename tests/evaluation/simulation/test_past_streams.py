import numpy as np
import pytest

from tierwatch.evaluation.alarms.past_ranks import CALIBRATION
from tierwatch.evaluation.simulation import past_streams


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_recipe_runs_the_installed_monitor(seed: int) -> None:
    assert past_streams.twin_difference(seed, pairs=600) < 1e-9


def test_steady_streams_seldom_alarm_and_a_jump_is_found() -> None:
    # At most 5,000 / 2e7 a run: .01 runs of 40 are to be expected.
    assert past_streams.false_alarms(1, runs=40, pairs=5_000) == 0
    found = past_streams.delays(1, before=0.17, after=0.375, past=1_000, runs=30)
    assert found.size == 30
    assert 60 < found.mean() < 400


def test_a_larger_jump_and_a_longer_past_are_found_sooner() -> None:
    def mean(after: float, past: int) -> float:
        found = past_streams.delays(2, before=0.2, after=after, past=past, runs=40)
        return float(found.mean())

    assert mean(0.6, 1_000) < mean(0.4, 1_000)
    assert mean(0.4, 3_000) < mean(0.4, 400)


def test_what_is_never_found_counts_as_the_longest() -> None:
    found = past_streams.delays(3, before=0.2, after=0.2, past=CALIBRATION + 1, runs=3)
    assert np.array_equal(found, [10_000.0] * 3)


def test_a_high_wave_alarms_and_a_low_one_does_not() -> None:
    high, low = (
        past_streams.drifting_alarms(4, wave=wave, trend=0.0, runs=10, pairs=20_000)
        for wave in (0.19, 0.01)
    )
    assert high > low == 0
