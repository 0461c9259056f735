import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.rates.binomial import clopper_pearson_lower, clopper_pearson_upper

nan = math.nan


@pytest.mark.parametrize(
    "counts", [(2, 1, 0, 0), (0, 0, 2, 1), (-1, 1, 0, 0), (nan, 1, 1, 1), (1, 1, 1, math.inf)]
)
def test_gold_counts_that_are_none_are_refused(counts: tuple[float, ...]) -> None:
    with pytest.raises(EvidenceError, match="gold pairs"):
        JudgeErrors(*counts)


def test_bounds_are_clopper_and_pearsons_of_both_kinds() -> None:
    errors = JudgeErrors(caught=80, bad=100, cleared=97, good=100)
    # The judge accuses 3 of 100 good ones.
    assert errors.least(0.05) == (
        clopper_pearson_lower(80, 100, 0.05),
        clopper_pearson_lower(3, 100, 0.05),
    )
    assert errors.most(0.05) == (
        clopper_pearson_upper(80, 100, 0.05),
        clopper_pearson_upper(3, 100, 0.05),
    )


def test_without_gold_pairs_everything_is_possible() -> None:
    nothing = JudgeErrors(0, 0, 0, 0)
    assert nothing.least(0.05) == (0.0, 0.0)
    assert nothing.most(0.05) == (1.0, 1.0)


@given(st.integers(0, 200), st.integers(0, 200), st.data(), st.floats(0.001, 0.5))
def test_the_shares_lie_between_their_bounds(
    bad: int, good: int, data: st.DataObject, delta: float
) -> None:
    caught, cleared = data.draw(st.integers(0, bad)), data.draw(st.integers(0, good))
    errors = JudgeErrors(caught, bad, cleared, good)
    (s_low, f_low), (s_high, f_high) = errors.least(delta), errors.most(delta)
    assert 0 <= s_low <= s_high <= 1
    assert 0 <= f_low <= f_high <= 1
    if bad:
        assert s_low <= caught / bad <= s_high
    if good:
        assert f_low <= 1 - cleared / good + 1e-12
        assert 1 - cleared / good <= f_high + 1e-12


@given(st.integers(1, 50), st.floats(0.001, 0.2))
def test_ten_times_the_gold_of_the_same_shares_is_never_less_certain(
    tens: int, delta: float
) -> None:
    few = JudgeErrors(7 * tens, 10 * tens, 9 * tens, 10 * tens)
    many = JudgeErrors(70 * tens, 100 * tens, 90 * tens, 100 * tens)
    for less, more in zip(few.least(delta), many.least(delta), strict=True):
        assert less <= more
    for more, less in zip(few.most(delta), many.most(delta), strict=True):
        assert less <= more
