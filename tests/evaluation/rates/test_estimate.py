from tierwatch.evaluation.rates.estimate import unknown


def test_unknown_has_no_value_and_excludes_nothing() -> None:
    estimate = unknown()
    assert estimate.value is None
    assert (estimate.low, estimate.high, estimate.n) == (0.0, 1.0, 0)
    assert estimate.method == "no pairs"
