from tierwatch.evaluation.simulation import judged_rates


def test_c1_in_small_covers_where_the_judge_does_not() -> None:
    found = judged_rates.coverage(1, pairs=1_000, gold=100, runs=60)
    assert found.hits >= 55
    assert found.judge_hits < 40
    assert found.widths.mean() <= 0.086


def test_c2_in_small_the_band_is_rarely_left() -> None:
    ever, once = judged_rates.ever_misses(1, runs=60, pairs=2_000)
    assert ever <= 6
    assert once > 15
