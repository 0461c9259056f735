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
