import pytest

from tierwatch.evaluation.simulation import other_alarms


def test_what_others_do_is_counted() -> None:
    found = other_alarms.competitors(1, runs=3, pairs=30_000)
    assert found["rolling Wilson interval"] == 3
    assert set(found) == {
        "daily z-test",
        "rolling Wilson interval",
        "3-sigma chunks",
    }


def test_the_same_seed_counts_the_same_alarms() -> None:
    one, again = (other_alarms.competitors(7, runs=2, pairs=3_000) for _ in range(2))
    assert one == again


@pytest.mark.parametrize("pairs", [500, 1_000])
def test_no_method_alarms_more_often_than_there_are_runs(pairs: int) -> None:
    found = other_alarms.competitors(1, runs=3, pairs=pairs)
    assert set(found) == {"daily z-test", "rolling Wilson interval", "3-sigma chunks"}
    assert all(0 <= alarms <= 3 for alarms in found.values())
