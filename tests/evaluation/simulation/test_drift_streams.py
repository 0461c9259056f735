import numpy as np
import pytest

from tierwatch.evaluation.simulation import drift_streams


@pytest.mark.parametrize("bins", [20, 100])
def test_the_drift_recipe_runs_the_installed_monitor(bins: int) -> None:
    assert drift_streams.twin_difference(2, bins, requests=1_600) < 1e-9


def test_i1_in_small_null_runs_do_not_alarm_and_a_change_is_seen() -> None:
    highest = drift_streams.highest_statistics(1, bins=20, runs=20, requests=5_000)
    # At most 5,000 / 1e7 a run: .01 runs of 20 are to be expected.
    assert int((highest >= drift_streams.LEVEL).sum()) == 0
    found = drift_streams.delays(1, change=2_000, bins=20, runs=30)
    assert found.size == 30
    assert 50 < found.mean() <= 400


def test_without_a_change_the_delays_are_never_counted_from_one() -> None:
    # A change to what was before: alarms come by chance alone, long after it.
    same = drift_streams.delays(3, change=600, bins=20, runs=5, after=(5.0, 1.0))
    other = drift_streams.delays(3, change=600, bins=20, runs=5)
    # The larger the change, the sooner.
    assert same.mean() < other.mean()
    assert (same > 0).all()


def test_the_highest_statistic_of_longer_runs_is_no_lower() -> None:
    short, long = (
        drift_streams.highest_statistics(4, bins=20, runs=10, requests=n) for n in (600, 1_200)
    )
    # The same seed draws the same beginning.
    assert (long >= short).all()
    assert np.isfinite(long).all()


def test_nothing_is_bet_on_the_reference() -> None:
    highest = drift_streams.highest_statistics(5, bins=20, runs=4, requests=drift_streams.MIN_N)
    assert highest.tolist() == [0.0] * 4
