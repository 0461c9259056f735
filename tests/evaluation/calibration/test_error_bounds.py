"""Bounds of a judge's errors: exact, on the right side, and never wider for more gold."""

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.calibration.error_bounds import least_errors, most_errors
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.rates.binomial import clopper_pearson_lower, clopper_pearson_upper


def test_bounds_are_clopper_and_pearsons_of_both_kinds() -> None:
    errors = JudgeErrors(caught=80, bad=100, cleared=97, good=100)
    # The judge accuses 3 of 100 good ones.
    assert least_errors(errors, 0.05) == (
        clopper_pearson_lower(80, 100, 0.05),
        clopper_pearson_lower(3, 100, 0.05),
    )
    assert most_errors(errors, 0.05) == (
        clopper_pearson_upper(80, 100, 0.05),
        clopper_pearson_upper(3, 100, 0.05),
    )


def test_without_gold_pairs_everything_is_possible() -> None:
    nothing = JudgeErrors(0, 0, 0, 0)
    assert least_errors(nothing, 0.05) == (0.0, 0.0)
    assert most_errors(nothing, 0.05) == (1.0, 1.0)


@given(st.integers(0, 200), st.integers(0, 200), st.data(), st.floats(0.001, 0.5))
def test_the_shares_lie_between_their_bounds(
    bad: int, good: int, data: st.DataObject, delta: float
) -> None:
    caught, cleared = data.draw(st.integers(0, bad)), data.draw(st.integers(0, good))
    errors = JudgeErrors(caught, bad, cleared, good)
    (s_low, f_low), (s_high, f_high) = least_errors(errors, delta), most_errors(errors, delta)
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
    for less, more in zip(least_errors(few, delta), least_errors(many, delta), strict=True):
        assert less <= more
    for more, less in zip(most_errors(few, delta), most_errors(many, delta), strict=True):
        assert less <= more
