from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.sampling.budget import budget_factor


@given(st.floats(0, 100), st.floats(0, 100))
def test_the_budget_factor_falls_and_is_nothing_once_it_is_spent(one: float, two: float) -> None:
    less, more = sorted((one, two))
    assert 0 <= budget_factor(more, 10.0) <= budget_factor(less, 10.0) <= 1
    assert budget_factor(10 + more, 10.0) == 0
    assert budget_factor(more, None) == 1
