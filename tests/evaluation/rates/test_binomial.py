import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import (
    check_confidence_level,
    check_counts,
    clopper_pearson,
    clopper_pearson_lower,
    clopper_pearson_upper,
    wilson_interval,
)


@given(n=st.integers(1, 400), data=st.data())
def test_intervals_agree_with_scipy(n: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, n))
    reference = stats.binomtest(bad, n)
    exact = reference.proportion_ci(0.9, method="exact")
    assert clopper_pearson(bad, n, 0.9) == pytest.approx((exact.low, exact.high), abs=1e-9)
    one_sided = clopper_pearson_lower(bad, n, 0.05), clopper_pearson_upper(bad, n, 0.05)
    assert one_sided == pytest.approx(clopper_pearson(bad, n, 0.9), abs=1e-9)
    score = reference.proportion_ci(0.9, method="wilson")
    assert wilson_interval(bad, n, 0.9) == pytest.approx((score.low, score.high), abs=1e-9)


def test_intervals_without_pairs_are_everything() -> None:
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert clopper_pearson_upper(0, 0, 0.05) == 1.0
    assert clopper_pearson_lower(0, 0, 0.05) == 0.0


def test_intervals_reach_the_ends_they_should() -> None:
    assert clopper_pearson(0, 10)[0] == 0.0
    assert clopper_pearson(10, 10)[1] == 1.0
    assert wilson_interval(0, 10)[0] == 0.0
    assert wilson_interval(10, 10)[1] == 1.0


@pytest.mark.parametrize(("bad", "n", "level"), [(-1, 3, 0.9), (4, 3, 0.9), (1, 3, 1.0), (1, 3, 0)])
def test_impossible_counts_and_levels_are_refused(bad: float, n: float, level: float) -> None:
    for interval in (
        clopper_pearson,
        wilson_interval,
        clopper_pearson_lower,
        clopper_pearson_upper,
    ):
        with pytest.raises(EvidenceError):
            interval(bad, n, level)


counts = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, st.floats(0.5, 0.999), st.floats(0.5, 0.999))
def test_a_higher_level_is_never_narrower(share: tuple[int, int], one: float, other: float) -> None:
    low, high = sorted((one, other))
    for interval in (clopper_pearson, wilson_interval):
        narrow, wide = interval(*share, low), interval(*share, high)
        assert wide[0] <= narrow[0] + 1e-12
        assert narrow[1] <= wide[1] + 1e-12


@given(counts, st.floats(0.001, 0.5))
def test_one_more_bad_pair_never_lowers_a_bound(share: tuple[int, int], delta: float) -> None:
    bad, n = share
    if bad == n:
        return
    assert clopper_pearson_upper(bad, n, delta) <= clopper_pearson_upper(bad + 1, n, delta)
    assert clopper_pearson_lower(bad, n, delta) <= clopper_pearson_lower(bad + 1, n, delta)


@given(counts, st.floats(0.001, 0.5))
def test_the_upper_bound_of_bad_is_one_less_the_lower_of_good(
    share: tuple[int, int], delta: float
) -> None:
    bad, n = share
    mirrored = 1 - clopper_pearson_lower(n - bad, n, delta)
    assert clopper_pearson_upper(bad, n, delta) == pytest.approx(mirrored, abs=1e-9)


@given(st.floats(0, 100), st.floats(0.1, 100))
def test_counts_need_not_be_whole(bad: float, good: float) -> None:
    n = bad + good
    low, high = clopper_pearson(bad, n)
    assert 0 <= low <= bad / n + 1e-9
    assert bad / n - 1e-9 <= high <= 1


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 95, math.nan, math.inf])
def test_what_is_no_level_is_refused(level: float) -> None:
    with pytest.raises(EvidenceError, match="between 0 and 1"):
        check_confidence_level(level)
    with pytest.raises(EvidenceError, match="between 0 and 1"):
        check_counts(1, 2, level)


@pytest.mark.parametrize(("bad", "n"), [(math.nan, 1), (1, math.nan), (2, 1), (-1, 1), (0, -1)])
def test_what_is_no_count_is_refused(bad: float, n: float) -> None:
    with pytest.raises(EvidenceError, match="is not a count"):
        check_counts(bad, n, 0.95)
