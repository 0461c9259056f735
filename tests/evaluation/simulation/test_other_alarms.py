from tierwatch.evaluation.simulation import other_alarms


def test_what_others_do_is_counted() -> None:
    found = other_alarms.competitors(1, runs=3, pairs=30_000)
    assert found["rolling Wilson interval"] == 3
    assert set(found) == {
        "daily z-test",
        "rolling Wilson interval",
        "3-sigma chunks",
        "ADWIN",
    }
