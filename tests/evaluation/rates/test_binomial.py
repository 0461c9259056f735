import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import (
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
